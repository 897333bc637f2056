"""Check and run every NAME.onnx of a folder on NAME.in.f32; NAME.OUTPUT.f32 gets each output of floats.

NAME.json holds the shape of the input. Ends with 3 where onnx or onnxruntime is missing.
"""

import json
import pathlib
import sys

try:
    import numpy as np
    import onnx
    import onnxruntime
except ImportError as missing:
    print(missing)
    sys.exit(3)

for path in sorted(pathlib.Path(sys.argv[1]).glob("*.onnx")):
    onnx.checker.check_model(str(path), full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    shape = json.loads(path.with_suffix(".json").read_text())
    x = np.fromfile(path.with_suffix(".in.f32"), np.float32).reshape(shape)
    names = [output.name for output in session.get_outputs()]
    facts = session.get_modelmeta().custom_metadata_map
    path.with_suffix(".facts").write_text(json.dumps({"outputs": names, **facts}))
    for name, value in zip(names, session.run(names, {session.get_inputs()[0].name: x})):
        value.astype(np.float32).tofile(path.with_suffix(f".{name}.f32"))
