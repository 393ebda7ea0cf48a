/**
 * @file Gets what the tests need besides npm packages: a Python with PyTorch, which checks the reference engine and the exports.
 * As root on Debian it is installed; elsewhere it is named, and the suites that need it are skipped by name with the reason.
 */
import { spawnSync } from "node:child_process";

const candidates = [process.env.CELLWRIGHT_PYTHON, "python3", "/usr/bin/python3"].filter((path) => path !== undefined);

function hasTorch(python) {
  return spawnSync(python, ["-c", "import torch, numpy"], { stdio: "ignore" }).status === 0;
}

function run(command, args) {
  console.log(`> ${command} ${args.join(" ")}`);
  return (
    spawnSync(command, args, {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    }).status === 0
  );
}

if (!candidates.some(hasTorch)) {
  const isRoot = process.getuid?.() === 0;
  const hasApt = spawnSync("apt-get", ["--version"], { stdio: "ignore" }).status === 0;
  if (isRoot && hasApt) {
    console.log("PyTorch is not here: installing Debian's python3-torch for the tests that compare with it.");
    if (!run("apt-get", ["install", "-y", "-q", "--no-install-recommends", "python3-torch", "python3-numpy"])) {
      run("apt-get", ["update", "-q"]);
      run("apt-get", ["install", "-y", "-q", "--no-install-recommends", "python3-torch", "python3-numpy"]);
    }
  }
  if (!candidates.some(hasTorch)) {
    console.log(
      "PyTorch could not be had: the suites that compare with it are skipped. Install python3-torch, or point CELLWRIGHT_PYTHON to a Python that has torch and numpy.",
    );
    if (process.env.CI === "true") process.exitCode = 1;
  }
}
