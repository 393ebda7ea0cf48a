/**
 * @file Makes .cache/interop, a Python environment with the runtimes that exports are proven in and that come from pip alone. Each package is installed by itself: one
 * that can't be had is named, and the suites that need it are skipped with that reason.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

const folder = ".cache/interop";
const python = `${folder}/bin/python`;

/** What is imported, and the packages that bring it. */
const runtimes = [
  { module: "torch", packages: ["torch", "numpy"] },
  { module: "keras", packages: ["tensorflow-cpu", "keras"] },
  { module: "onnx", packages: ["onnx"] },
  { module: "onnxruntime", packages: ["onnxruntime"] },
  { module: "timm", packages: ["timm"] },
  { module: "tensorboard", packages: ["tensorboard"] },
];

/** Without operators that torchvision may lack, importing timm fails; that it is installed is what counts here. */
function has(module) {
  return (
    spawnSync(python, ["-c", `import importlib.util as u, sys; sys.exit(u.find_spec("${module}") is None)`]).status ===
    0
  );
}

function run(command, args) {
  console.log(`> ${command} ${args.join(" ")}`);
  return spawnSync(command, args, { stdio: ["ignore", "ignore", "inherit"] }).status === 0;
}

if (!existsSync(python) && !run("python3", ["-m", "venv", folder]))
  console.log("No Python environment could be made: every suite that needs one is skipped.");
else
  for (const { module, packages } of runtimes) {
    if (has(module)) continue;
    const args = ["-m", "pip", "install", "--quiet", "--retries", "0", "--disable-pip-version-check", ...packages];
    if (!run(python, args) || !has(module))
      console.log(`pip could not provide ${packages.join(" and ")}: the suites that need ${module} are skipped.`);
  }
