"""Load what `ravine export` wrote strictly and compare the features: python check_layouts.py FOLDER.

FOLDER holds `cases.json`: a list of {name, to, path, code, input, shape, features}; the last three name raw 32-bit floats and
their shapes. Ends with code 3 where NumPy, PyTorch, timm, torchvision or transformers are missing.
"""
import json, pathlib, sys
try:
    import numpy as np, torch, timm, torchvision, transformers
except ImportError as e:
    print(e); sys.exit(3)

folder = pathlib.Path(sys.argv[1])
def floats(name, shape):
    return torch.from_numpy(np.fromfile(folder / name, dtype="<f4").reshape(shape))

worst = 0.0
for case in json.loads((folder / "cases.json").read_text()):
    images, expected = floats(case["input"], case["shape"]), floats(case["features"], [case["shape"][0], -1])
    loading = {}
    if case["to"] == "hf":  # nothing may be missing or left over
        _, loading = transformers.AutoModel.from_pretrained(case["path"], output_loading_info=True)
    left = [name for key in ("missing_keys", "unexpected_keys", "mismatched_keys") for name in loading.get(key, [])
            if not str(name).startswith("pooler.") and not str(name).endswith("num_batches_tracked")]  # no part of the features
    assert not left, (case["name"], left)
    scope = {"images": images}
    with torch.no_grad():
        exec(case["code"], scope)  # the lines of the card
    gap = (scope["features"] - expected).abs().max().item() / max(1.0, expected.abs().max().item())
    print(case["name"], case["to"], gap)
    worst = max(worst, gap)
assert worst < 1e-4, worst
