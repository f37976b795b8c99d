import pytest

from dlbench.measure import precision


@pytest.mark.parametrize(
    ("text", "chosen", "why"),
    [
        ("flags\t\t: fpu avx512f avx512_bf16\n", "bf16", "avx512_bf16"),
        ("flags\t\t: fpu avx2 amx_bf16 avx512_bf16\n", "bf16", "amx_bf16"),
        ("processor: 0\nFeatures\t: fp asimd bf16\n", "bf16", "bf16"),
        ("flags\t\t: fpu avx2 avx512f\n", "fp32", "no bf16 instructions"),
        ("", "fp32", "no bf16 instructions"),
    ],
)
def test_a_cpu_takes_bf16_where_it_has_the_instructions(tmp_path, monkeypatch, text, chosen, why):
    information = tmp_path / "cpuinfo"
    information.write_text(text)
    flags = precision.cpu_flags.__wrapped__(information)
    monkeypatch.setattr(precision, "cpu_flags", lambda: flags)
    found, reason = precision.best("cpu")
    assert found == chosen == precision.automatic("cpu")
    assert why in reason


def test_a_device_nobody_knows_stays_at_full_precision():
    assert precision.best("mps") == ("fp32", "dlbench does not know whether mps multiplies bf16")
