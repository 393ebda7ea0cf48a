/**
 * @file Builds the native engine for 64-bit ARM under Linux on any Debian machine, with g++-aarch64-linux-gnu, into prebuilds/linux-arm64, where the
 * package carries it. The same binding.gyp as everywhere; sources are copied, as node-gyp has one build folder.
 *
 *     npm run build:arm64
 *     npm_config_nodedir=/usr npm run build:arm64    with Node's headers from there, where they aren't beside node
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const folder = join(root, "native", "build-arm64");
const prebuilt = join(root, "prebuilds", "linux-arm64");
const tools = "aarch64-linux-gnu-";
const env = { ...process.env, CC: `${tools}gcc`, CXX: `${tools}g++`, AR: `${tools}ar`, LINK: `${tools}g++` };

if (spawnSync(env.CXX, ["--version"], { stdio: "ignore" }).status !== 0) {
  console.error(
    `Expected a compiler for ARM (Debian's g++-aarch64-linux-gnu). Received none by the name of ${env.CXX}.`,
  );
  process.exit(1);
}
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const part of ["binding.gyp", "src", "kernels"])
  cpSync(join(root, "native", part), join(folder, part), { recursive: true });

const beside = join(dirname(process.execPath), "..");
const nodedir = [process.env.npm_config_nodedir, beside].find(
  (path) => path !== undefined && existsSync(join(path, "include", "node", "node_api.h")),
);
const gyp = createRequire(import.meta.url).resolve("node-gyp/bin/node-gyp.js");
const options = ["--arch=arm64", "--silent", ...(nodedir === undefined ? [] : [`--nodedir=${nodedir}`])];
for (const step of [["configure"], ["build", "-j", String(cpus().length)]]) {
  const { status } = spawnSync(process.execPath, [gyp, ...step, ...options], {
    cwd: folder,
    env,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status !== 0) {
    console.error(`native engine for ARM: node-gyp ${step[0]} failed; its messages are above.`);
    process.exit(1);
  }
}
mkdirSync(prebuilt, { recursive: true });
copyFileSync(join(folder, "build", "Release", "cellwright.node"), join(prebuilt, "cellwright.napi.glibc.node"));
console.log("native engine for ARM: copied to prebuilds/linux-arm64.");
