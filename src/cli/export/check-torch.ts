/** @file Proves a PyTorch export in a real PyTorch. */
import { pythonChecker } from "./python.ts";

/** Loads model.py from the folder, and runs it. */
export const checkWithTorch = pythonChecker({
  title: "PyTorch",
  modules: ["torch"],
  script: `
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("model", sys.argv[1] + "/model.py")
model = importlib.util.module_from_spec(spec)
spec.loader.exec_module(model)
import torch
given = model.read_safetensors(sys.argv[2])
net = model.load()
with torch.no_grad():
    logits = net(given["images"].permute(0, 3, 1, 2))
print(json.dumps({
    "logits": logits.tolist(),
    "params": sum(parameter.numel() for parameter in net.parameters()),
    "runtime": "torch " + torch.__version__,
}))
`,
});
