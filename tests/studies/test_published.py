"""The literature's tables: figures, sources, and arithmetic that must come out."""

import pytest

from dlbench import published


def test_every_row_of_every_table_has_a_source() -> None:
    assert published.names() == ["datasets_vs_algorithms", "hardware", "ilsvrc_2012", "resnet_cifar10", "svm_usps"]
    for name in published.names():
        table = published.table(name)
        assert table["source"].str.len().min() > 5, name


def test_an_unknown_table_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        published.table("no_such_table")


def test_resnet_figures_of_table_6() -> None:
    """He et al. 2015, Table 6; parameters in millions as Table 6 has them, and one digit more."""
    table = published.table("resnet_cifar10").query("kind == 'paper'").set_index("depth")
    assert table["test_error_percent"].to_dict() == {20: 8.75, 32: 7.51, 44: 7.17, 56: 6.97, 110: 6.43}
    assert (table["parameters"] / 1e6).round(2).to_dict() == {20: 0.27, 32: 0.46, 44: 0.66, 56: 0.85, 110: 1.73}
    assert set(table["net"]) == {"residual"}


def test_option_a_shortcuts_have_no_parameters() -> None:
    table = published.table("resnet_cifar10")
    assert table.groupby("depth")["parameters"].nunique().eq(1).all()


def test_official_ilsvrc_figures_agree_with_the_lectures_to_a_tenth() -> None:
    table = published.table("ilsvrc_2012")
    assert (table["official_percent"] - table["lecture_percent"]).abs().max() <= 0.08
    assert table.loc[table["method"] == "convolutional", "team"].tolist() == ["Supervision (Toronto)"]


def test_years_to_breakthrough() -> None:
    """The lecture says 3 and 18 years; its own rows give 16/6 and 109/6."""
    table = published.table("datasets_vs_algorithms")
    assert (table["year"] - table["dataset_year"]).sum() == 16
    assert (table["year"] - table["algorithm_year"]).sum() == 109


def test_the_gpu_lab_took_150_times_less_power() -> None:
    table = published.table("hardware").set_index("system")
    google, stanford = table.loc["Google datacenter"], table.loc["Stanford AI lab"]
    assert google["power_watts"] / stanford["power_watts"] == 150
    assert google["price_usd"] / stanford["price_usd"] == pytest.approx(151.5, abs=0.05)
