"""For mkdocs.yml: pages show figures that lie among the results, by links that work in the repository as well."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

FOLDER = "results/lecture-figures"
PICTURES = Path(__file__).parents[1] / FOLDER


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the figures to the site, as if they lay in docs/figures."""
    for picture in sorted(PICTURES.glob("*.png")):
        files.append(File.generated(config, f"figures/{picture.name}", abs_src_path=str(picture)))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Lead a page's links to where the figures are now."""
    return markdown.replace(f"../{FOLDER}/", "figures/")
