"""What the report takes from Vega: `python -m health_pipeline_tests.browser.vega` makes it anew.

The runtime of Vega as one script, and the Vega-Lite specifications of `charts/` as Vega, both by
vl-convert-python (extra `browser`). They are kept in the package, so that a run needs neither it
nor the seconds that it takes.
"""

from __future__ import annotations

import json
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "health_pipeline" / "adapters" / "report"
RUNTIME = FOLDER / "static" / "vega.js"


def runtime() -> str:
    """Vega and its embedding, in a scope of its own; it sets `window.vegaEmbed`."""
    import vl_convert

    text = vl_convert.javascript_bundle("window.vegaEmbed=vegaEmbed;").strip()
    head = f"/* Vega {vl_convert.get_vega_version()}, BSD-3-Clause, see vega.LICENSE */"
    return f"{head}(()=>{{{text}}})();\n"


def compiled(path: Path) -> str:
    """The Vega specification of one Vega-Lite file."""
    import vl_convert

    made = vl_convert.vegalite_to_vega(path.read_text("utf-8"), vl_version="6.4")
    return json.dumps(made, indent=1, sort_keys=True) + "\n"


def targets() -> dict[Path, Path]:
    """Compiled file → its source."""
    charts = FOLDER / "charts"
    return {
        charts / f"{source.name.split('.')[0]}.vg.json": source
        for source in sorted(charts.glob("*.vl.json"))
    }


def main() -> None:
    """Write all of them."""
    RUNTIME.write_text(runtime(), encoding="utf-8")
    for target, source in targets().items():
        target.write_text(compiled(source), encoding="utf-8")


if __name__ == "__main__":
    main()
