/** @file Proves a timm export in a real timm. */
import { pythonChecker } from "./python.ts";

/**
 * timm imports torchvision, and a torchvision whose operators were not built for this torch refuses to be imported. No model of ours uses them: those that it asks for are declared.
 */
export const torchvisionPrelude = `
import importlib.util, pathlib, re
import torch
found = importlib.util.find_spec("torchvision")
if found is not None:
    folder = pathlib.Path(found.origin).parent
    registrations = folder / "_meta_registrations.py"
    names = set(re.findall(r'register_meta\\("(\\w+)"\\)|"torchvision::(\\w+)"', registrations.read_text())) if registrations.exists() else set()
    try:
        torch.ops.load_library(next(folder.glob("_C*.so")))
    except (OSError, StopIteration):
        library = torch.library.Library("torchvision", "DEF")
        for pair in names:
            library.define("".join(pair) + "(Tensor x) -> Tensor")
`;

/** Loads model.py from the folder, and runs it. */
export const checkWithTimm = pythonChecker({
  title: "timm",
  modules: ["torch", "timm", "safetensors"],
  prelude: torchvisionPrelude,
  script: `${torchvisionPrelude}
import importlib.util, json, sys
import timm
from safetensors.torch import load_file
spec = importlib.util.spec_from_file_location("model", sys.argv[1] + "/model.py")
model = importlib.util.module_from_spec(spec)
spec.loader.exec_module(model)
net = model.load()
with torch.no_grad():
    logits = net(load_file(sys.argv[2])["images"].permute(0, 3, 1, 2))
print(json.dumps({
    "logits": logits.tolist(),
    "params": sum(parameter.numel() for parameter in net.parameters()),
    "runtime": "timm " + timm.__version__ + ", torch " + torch.__version__,
}))
`,
});
