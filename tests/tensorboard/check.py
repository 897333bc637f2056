"""Read the event files of a run by both of TensorBoard's readers, and compare them with its journal.

    check.py RUN

Ends with 3 where tensorboard is missing.
"""

import json
import pathlib
import sys

try:
    import numpy as np
    from tensorboard.backend.event_processing import (
        data_provider,
        event_accumulator,
        plugin_event_multiplexer,
    )
    from tensorboard.data import provider
    from tensorboard import context
    from tensorboard.plugins.hparams import plugin_data_pb2
    from tensorboard.util import tensor_util
except ImportError as missing:
    print(missing)
    sys.exit(3)

run = pathlib.Path(sys.argv[1])
journal = {}
for line in (run / "metrics.jsonl").read_text().splitlines():
    line = json.loads(line)
    kind = "train" if "loss" in line else "probe"
    for name, value in line.items():
        if isinstance(value, (int, float)) and name not in ("step", "epoch"):
            journal.setdefault(f"{kind}/{name}", []).append((line["step"], np.float32(value)))

# The reader of notebooks.
guidance = {"scalars": 0, "images": 0, "histograms": 0, "tensors": 0}
notebook = event_accumulator.EventAccumulator(str(run), size_guidance=guidance).Reload()
scalars = {tag: [(e.step, np.float32(e.value)) for e in notebook.Scalars(tag)] for tag in notebook.Tags()["scalars"]}
assert scalars == journal, set(scalars) ^ set(journal)
images = notebook.Images("views")
histograms = notebook.Histograms("probe/positive_histogram")

# The reader of the web page.
multiplexer = plugin_event_multiplexer.EventMultiplexer(tensor_size_guidance={"scalars": 0, "images": 0, "histograms": 0, "text": 0, "hparams": 0})
multiplexer.AddRunsFromDirectory(str(run.parent))
multiplexer.Reload()
page = data_provider.MultiplexerDataProvider(multiplexer, str(run.parent))
at = dict(ctx=context.RequestContext(), experiment_id="")
everything = provider.RunTagFilter(runs=[run.name])
read = page.read_scalars(**at, plugin_name="scalars", downsample=1_000_000, run_tag_filter=everything)[run.name]
assert {tag: [(d.step, np.float32(d.value)) for d in data] for tag, data in read.items()} == journal
shown = page.list_blob_sequences(**at, plugin_name="images", run_tag_filter=everything)[run.name]
rows = page.read_tensors(**at, plugin_name="histograms", downsample=1000, run_tag_filter=everything)[run.name]
words = page.read_tensors(**at, plugin_name="text", downsample=1000, run_tag_filter=everything)[run.name]
told = page.list_tensors(**at, plugin_name="hparams", run_tag_filter=everything)[run.name]
start = plugin_data_pb2.HParamsPluginData.FromString(told["_hparams_/session_start_info"].plugin_content)

last = rows["probe/positive_histogram"][-1].numpy  # left, right, count
assert len(rows["probe/positive_histogram"]) == len(histograms)
assert abs(last[:, 2].sum() - 1) < 1e-3 and (last[1:, 0] == last[:-1, 1]).all()
steps = [step for step, _ in journal["train/loss"]]
assert steps == list(range(1, len(steps) + 1)), "a step is missing or doubled"
print(f"{len(list(run.glob('events.out.tfevents.*')))} event files, {len(steps)} steps, {len(journal)} scalars, both readers agree with the journal")
print(f"{len(images)} pictures {images[0].width}x{images[0].height} ({', '.join(shown)}), {len(histograms)} histograms from {last[0, 0]} to {last[-1, 1]}")
print(f"words: {', '.join(sorted(words))}; last verdict {words['probe/verdict'][-1].numpy.item().decode()}")
print(f"{len(start.session_start_info.hparams)} hyperparameters, optimizer.lr = {start.session_start_info.hparams['optimizer.lr'].number_value}")
