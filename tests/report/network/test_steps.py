"""The list of small steps that the page makes of one step: for every layer, loss and optimizer, every number in it."""

import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.report.browser import module_page
from zerokara.nn.cases import CASES
from zerokara.optim import OPTIMIZERS
from zerokara.report.network.packing import as_blobs
from zerokara.report.network.trace import TrainingStep, trace

PLAN = """content => {
  const step = readArrays(content);
  return planOf(step).map((one) => ({
    phase: one.phase,
    name: one.name,
    lines: one.equations.flatMap((each) => each.items.flatMap((item, k) => {
      if (typeof item === "string") return [];
      const [rows, columns] = item.matrix.shape;
      return each.at(k, rows - 1, columns - 1).lines;
    })),
    outputs: one.equations.map((each) => Array.from(each.items[each.items.length - 1].matrix.data)),
  }));
}"""


@pytest.fixture(scope="module")
def plan(browser) -> Iterator[Any]:
    """A blank page with the modules that make the steps."""
    with module_page(browser, "plan.js") as page:
        yield page


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_steps_show_pythons_numbers_exactly(plan, case) -> None:
    kind = list(OPTIMIZERS.values())[CASES.index(case) % len(OPTIMIZERS)]
    network = case.network("float64").take([1])
    step = trace(
        TrainingStep(network, case.loss().take([1]), kind(lr=0.1, weight_decay=0.1), case.x[0], case.t, case.weights, 3)
    )
    shown = plan.evaluate(PLAN, json.loads(json.dumps(as_blobs(step))))
    for one in shown:
        text = " ".join(one["lines"])
        assert one["lines"], one
        assert not any(word in text for word in ("NaN", "undefined", "Infinity", "null")), text
        if one["phase"] == "forward" and one["name"] != "Loss":
            y = step["layers"][shown.index(one) - 1]["y"]
            np.testing.assert_array_equal(one["outputs"][-1], y.ravel())
            assert float(re.findall("<b>(.*?)</b>", text)[-1].replace("−", "-")) == y[-1, -1]
    updates = [output for one in shown if one["phase"] == "update" for output in one["outputs"]]
    after = [array["after"].ravel() for layer in step["layers"] for array in layer["parameters"].values()]
    np.testing.assert_array_equal(np.concatenate(updates), np.concatenate(after))
    backward = [one for one in shown if one["phase"] == "backward" and one["name"].startswith("Affine")][-1]
    gradients = next(layer["parameters"] for layer in step["layers"] if layer["kind"] == "Affine")
    np.testing.assert_array_equal(backward["outputs"][1], gradients["W"]["gradient"].ravel())
    np.testing.assert_array_equal(backward["outputs"][2], gradients["b"]["gradient"].ravel())
