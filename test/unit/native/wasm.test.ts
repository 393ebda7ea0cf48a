/**
 * @file The WebAssembly target beyond arithmetic, which test/property/native compares: sizes are checked before anything is written, a trap ends one session
 * and no more, memory is used again, and nothing that it imports is Node's.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { nasnet } from "cellwright/spaces";
import { describe, expect, test, vi } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import type { Engine, Session, SessionOptions } from "../../../src/engines/engine.ts";
import { loadBinding, loadWasm } from "../../../src/engines/native/binding.ts";
import { createNativeEngine } from "../../../src/engines/native/engine.ts";
import { openNativeEngine } from "../../../src/engines/native/index.ts";
import { createWasmBinding } from "../../../src/engines/native/wasm/binding.ts";
import { openWasmEngine } from "../../../src/engines/native/wasm/index.ts";
import { compileWasm, compileWasmSync, type WasmExports } from "../../../src/engines/native/wasm/module.ts";
import { openReferenceEngine } from "../../../src/engines/reference/index.ts";
import { network, type Network } from "../../../src/network/index.ts";
import { relativeDifference } from "../../support/compare.ts";
import { randomBatch } from "../../support/random-network.ts";
import { tinyProgram } from "../../support/tiny-program.ts";
import { describeWasm } from "../../support/wasm.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");
const options: SessionOptions = {
  batchSize: 4,
  seed: 3,
  optimizer: { momentum: 0.9, nesterov: true, weightDecay: 1e-3, clipNorm: 1 },
  loss: { labelSmoothing: 0.1, auxiliaryWeight: 0.4 },
};
const step = { learningRate: 0.05, dropPathRate: 0.3, step: 0 };

const small: Network = nasnet.decode(nasnet.sample(createRng("small")), {
  input: [12, 12, 3],
  cellsPerStack: 1,
  stacks: 2,
  filters: 6,
  dropout: 0.2,
}).network;

const built = (): Uint8Array =>
  readFileSync(process.env["CELLWRIGHT_WASM"] ?? join(root, "native/build/cellwright.wasm"));

async function train(session: Session, steps: number): Promise<readonly number[]> {
  const losses: number[] = [];
  for (let i = 0; i < steps; i++)
    losses.push((await session.trainStep(randomBatch(small, 4, createRng(i)), { ...step, step: i })).loss);
  return losses;
}

describeWasm("an engine on WebAssembly", () => {
  const open = (): Promise<Engine> => openNativeEngine({ target: "wasm" });

  test("says so", async () => {
    expect(await open()).toMatchObject({ name: "native", target: "WebAssembly" });
  });

  test("trains to the same bits again, from bytes alone, with more threads asked for, and beside another session", async () => {
    const alone = await (await open()).open(small, options);
    const losses = await train(alone, 5);
    expect(new Set(losses).size).toBe(5);
    const { weights } = await alone.save();
    const [fromBytes, threaded] = await Promise.all([
      openWasmEngine(built()).then((engine) => engine.open(small, options)),
      openNativeEngine({ target: "wasm", threads: 3 }).then((engine) => engine.open(small, options)),
    ]);
    expect(await Promise.all([train(fromBytes, 5), train(threaded, 5)])).toEqual([losses, losses]);
    expect((await fromBytes.save()).weights).toEqual(weights);
    expect((await threaded.save()).weights).toEqual(weights);
    await Promise.all([alone.close(), fromBytes.close(), threaded.close()]);
  });

  test("lets others run between steps", async () => {
    const session = await (await open()).open(small, options);
    let turns = 0;
    const count = setInterval(() => turns++, 0);
    await train(session, 40);
    clearInterval(count);
    expect(turns).toBeGreaterThan(5);
    await session.close();
  });

  test("does so in a browser, too, by messages: timers that follow each other wait 4 ms there", async () => {
    vi.resetModules();
    vi.stubGlobal("setImmediate", undefined);
    const { openWasmEngine: openFresh } = await import("../../../src/engines/native/wasm/index.ts");
    const session = await (await openFresh(built())).open(small, options);
    const timers = vi.spyOn(globalThis, "setTimeout");
    let turns = 0;
    const { port1, port2 } = new MessageChannel();
    port1.on("message", () => {
      turns++;
      port2.postMessage(undefined);
    });
    port2.postMessage(undefined);
    const losses = await train(session, 20);
    port1.close();
    expect(timers).not.toHaveBeenCalled();
    expect(turns).toBeGreaterThan(5);
    expect(new Set(losses).size).toBe(20);
    timers.mockRestore();
    vi.unstubAllGlobals();
    await session.close();
  });

  const pixel = network("pixel", [1, 1, 5], (net) => {
    const x = net.batchNorm("bn", net.conv("conv", net.input, { filters: 7, kernel: 3 }));
    const y = net.conv("pw", net.depthwiseConv("dw", net.activate("act", x), { kernel: 5 }), { filters: 3, kernel: 1 });
    return net.dense("logits", net.flatten("flat", net.add("sum", [y, net.maxPool("max", y, { kernel: 3 })])), {
      units: 3,
    });
  });
  const unnormalised = network("unnormalised", [5, 3, 1], (net) => {
    const x = net.conv("conv", net.input, { filters: 9, kernel: 3, bias: true });
    return net.dense("logits", net.globalAvgPool("pool", net.activate("act", x, "swish")), { units: 2 });
  });
  test.each([
    ["images of one pixel, channels that fill no vector", pixel, 3],
    ["a batch of one", unnormalised, 1],
  ])("agrees with the reference on %s", async (_title, net, size) => {
    const batch = randomBatch(net, size, createRng("batch"));
    const wasm = await (await open()).open(net, { ...options, batchSize: size });
    const reference = await openReferenceEngine().open(net, { ...options, batchSize: size });
    const [a, b] = [await wasm.gradients(batch, step), await reference.gradients(batch, step)];
    expect(Math.abs(a.loss - b.loss)).toBeLessThan(1e-5);
    for (const [name, values] of b.gradients)
      expect(relativeDifference(a.gradients.get(name) as Float32Array, values, 1e-3), name).toBeLessThan(1e-3);
    expect(
      relativeDifference(await wasm.predict(batch.images, size), await reference.predict(batch.images, size)),
    ).toBeLessThan(1e-4);
    await wasm.close();
  });

  test("a weight that is no number surfaces in the loss, and so does a rate far too high", async () => {
    const session = await (
      await open()
    ).open(small, { ...options, optimizer: { momentum: 0.9, nesterov: true, weightDecay: 0 } });
    const { weights, slots } = await session.save();
    const [batch] = [randomBatch(small, 4, createRng(0))];
    let loss = 0;
    for (let i = 0; i < 6; i++) ({ loss } = await session.trainStep(batch, { ...step, learningRate: 1e30 }));
    expect(Number.isFinite(loss)).toBe(false);
    const name = [...weights.keys()].find((key) => key.endsWith("/kernel")) as string;
    (weights.get(name) as Float32Array)[0] = Number.NaN;
    await session.restore({ weights, slots });
    expect((await session.trainStep(batch, step)).loss).toBeNaN();
    expect((await session.evaluate(batch)).loss).toBeNaN();
    await session.close();
  });

  test("a network too large for 32 bits of address is refused, and the next one trains", async () => {
    const huge = network("huge", [64, 64, 3], (net) => {
      const x = net.batchNorm("n1", net.conv("c1", net.input, { filters: 512, kernel: 3 }));
      return net.dense(
        "logits",
        net.globalAvgPool("g", net.batchNorm("n2", net.conv("c2", x, { filters: 512, kernel: 3 }))),
        { units: 2 },
      );
    });
    const engine = await open();
    expect(engine.estimateMemory(huge, 512).bytes).toBeGreaterThan(2 ** 32);
    await expect(engine.open(huge, { ...options, batchSize: 512 })).rejects.toMatchObject({
      code: "engine",
      message: /MiB of memory/u,
    });
    const session = await engine.open(small, options);
    expect((await train(session, 1))[0]).toBeGreaterThan(0);
    await session.close();
  });
});

describeWasm("the module's memory", () => {
  test("is used again by the session that follows, and a second session at once has one of its own", async () => {
    const made: WasmExports[] = [];
    const make = compileWasmSync(built());
    const engine = createNativeEngine(
      createWasmBinding(() => {
        made.push(make());
        return made.at(-1) as WasmExports;
      }),
    );
    for (let i = 0; i < 5; i++) {
      const session = await engine.open(small, options);
      await train(session, 1);
      await session.close();
    }
    expect(made).toHaveLength(1);
    const [size] = made.map(({ memory }) => memory.buffer.byteLength);
    const [a, b] = [await engine.open(small, options), await engine.open(small, options)];
    expect(made).toHaveLength(2);
    expect(made[0]?.memory.buffer.byteLength).toBe(size);
    await Promise.all([a.close(), b.close()]);
  });

  test("holds no more than the estimate, but for the module itself", async () => {
    let kernels: WasmExports | undefined;
    const make = compileWasmSync(built());
    const engine = createNativeEngine(createWasmBinding(() => (kernels = make())));
    const { network: net } = nasnet.decode(nasnet.named["nasnet-a"] ?? {}, { cellsPerStack: 1, filters: 8 });
    const session = await engine.open(net, { ...options, batchSize: 16 });
    const { bytes } = engine.estimateMemory(net, 16);
    // Stack, tables, the program's own lists, and what an allocator rounds up.
    expect(kernels?.memory.buffer.byteLength).toBeLessThan(bytes * 1.1 + 16 * 2 ** 20);
    expect(kernels?.memory.buffer.byteLength).toBeGreaterThan(bytes * 0.8);
    await session.close();
  });
});

describeWasm("a trap", () => {
  /** A module whose only function, `run`, is `unreachable`. */
  const trap = async (): Promise<void> => {
    const bytes = Uint8Array.of(
      0,
      97,
      115,
      109,
      1,
      0,
      0,
      0,
      1,
      4,
      1,
      96,
      0,
      0,
      3,
      2,
      1,
      0,
      7,
      7,
      1,
      3,
      114,
      117,
      110,
      0,
      0,
      10,
      5,
      1,
      3,
      0,
      0,
      11,
    );
    const { WebAssembly } = globalThis as unknown as {
      WebAssembly: { instantiate(bytes: Uint8Array): Promise<{ instance: { exports: { run(): void } } }> };
    };
    (await WebAssembly.instantiate(bytes)).instance.exports.run();
  };
  let thrown: unknown;

  test("is an error of the engine, closes its session, and leaves others and the next one alone", async () => {
    await trap().catch((error: unknown) => (thrown = error));
    expect(String(thrown)).toMatch(/RuntimeError.*unreachable/u);
    const make = compileWasmSync(built());
    const run = vi.fn<() => void>();
    const engine = createNativeEngine(
      createWasmBinding(() => {
        const kernels = make();
        return {
          ...kernels,
          run(...args) {
            run();
            return kernels.run(...args);
          },
        };
      }),
    );
    const [broken, other] = [await engine.open(small, options), await engine.open(small, options)];
    const batch = randomBatch(small, 4, createRng(0));
    run.mockImplementationOnce(() => {
      throw thrown;
    });
    await expect(broken.trainStep(batch, step)).rejects.toMatchObject({
      code: "engine",
      message: /kernels stopped.*unreachable/u,
    });
    await expect(broken.trainStep(batch, step)).rejects.toMatchObject({ code: "engine", message: /open session/u });
    await expect(broken.save()).rejects.toMatchObject({ code: "engine" });
    await broken.close();
    const { loss } = await other.trainStep(batch, step);
    const next = await engine.open(small, options);
    expect((await next.trainStep(batch, step)).loss).toBe(loss);
    await Promise.all([other.close(), next.close()]);
  });
});

describeWasm("programs and arguments", () => {
  const target = { name: "wasm", width: 4 };
  const none = new Float32Array(0);

  test("with any one word replaced, a program is refused or does no harm, and never traps", async () => {
    const { training, isRefused } = tinyProgram(loadWasm(), target);
    expect(await isRefused(training)).toBe(false);
    for (let length = 7; length < training.length; length += 7)
      expect(await isRefused(training.slice(0, length))).toBe(true);
    const rng = createRng("words");
    let refused = 0;
    const tries = 2000;
    for (let i = 0; i < tries; i++) {
      const changed = training.slice();
      const at = rng.int(training.length);
      const old = training[at] as number;
      // Sizes that only 64 bits can hold are among them: they have to be refused, not cut.
      const values = [
        -1,
        0,
        1,
        old + 1,
        old - 1,
        old + 16,
        old * 2 + 1,
        -old,
        65_535,
        1e7,
        2 ** 32 + old,
        2 ** 34,
        0.5,
        Number.NaN,
      ];
      changed[at] = rng.pick(at < 19 ? values.filter((value) => value !== 1e7) : values);
      if (await isRefused(changed)) refused++;
    }
    expect(refused).toBeGreaterThan(tries / 3);
  });

  test("arguments that don't fit are refused before anything runs", async () => {
    const binding = loadWasm();
    const { training, evaluation, images } = tinyProgram(binding, target);
    const labels = Int32Array.of(0, 1);
    const numbers = Float64Array.of(0, 0.1, 0, 0, 0.9, 1, 0, 0, 1, 1, 0);
    expect(() => binding.open("avx2", 8, training, evaluation, null, null, 1, 0)).toThrow(/target/u);
    expect(() => binding.open("wasm", 8, training, evaluation, null, null, 1, 0)).toThrow(/target/u);
    expect(() => binding.open("wasm", 4, [...training] as never, evaluation, null, null, 1, 0)).toThrow(
      /Float64Array/u,
    );
    expect(() => binding.open("wasm", 4, training, evaluation, null, null, 0, 0)).toThrow(/threads/u);
    const handle = binding.open("wasm", 4, training, evaluation, null, null, 1, 0);
    const run = (...args: Parameters<typeof binding.run> extends [unknown, ...infer Rest] ? Rest : never) =>
      binding.run(handle, ...args);
    expect(() => run(images, 3, Int32Array.of(0, 1, 2), null, none, none, null, 2, 0)).toThrow(/batch/u);
    expect(() => run(images, 0, Int32Array.of(), null, none, none, null, 2, 0)).toThrow(/batch/u);
    expect(() => run(images, 1.5, labels, null, none, none, null, 2, 0)).toThrow(/batch/u);
    expect(() => run(images.subarray(1), 2, labels, null, none, none, null, 2, 0)).toThrow(/batch/u);
    expect(() => run(images, 2, Int32Array.of(0), null, none, none, null, 2, 0)).toThrow(/batch/u);
    expect(() => run(images, 2, labels, null, new Float32Array(5), none, null, 2, 0)).toThrow(/masks/u);
    expect(() => run(images, 2, labels, null, none, new Float32Array(5), null, 2, 0)).toThrow(/masks/u);
    expect(() => run(images, 2, null, null, none, none, null, 2, 0)).toThrow(/labels/u);
    expect(() => run([...images] as never, 2, labels, null, none, none, null, 2, 0)).toThrow(/right types/u);
    expect(() => run(null as never, 2, labels, null, none, none, null, 2, 0)).toThrow(/right types/u);
    expect(() => run(images, 2, [0, 1] as never, null, none, none, null, 2, 0)).toThrow(/right types/u);
    expect(() => run(images, 2, labels, null, none, none, numbers.subarray(1), 2, 0)).toThrow(/11 numbers/u);
    expect(() => run(images, 2, labels, null, none, none, numbers, 2, 1)).toThrow(/clock/u);
    expect(() => run(images, 2, labels, new Float32Array(5), none, none, numbers, 2, 0)).toThrow(/batch/u);
    expect(() => run(images, 2, labels, [1] as never, none, none, numbers, 2, 0)).toThrow(/right types/u);
    expect(() => run(images, 2, labels, null, none, none, numbers, Number.NaN, 0)).toThrow(/examples/u);
    expect(() => binding.open("wasm", 4, training, evaluation, null, null, 1, 4)).toThrow(/extras/u);
    expect(() => binding.open("wasm", 4, training, evaluation, null, null, 1, 0.5)).toThrow(/extras/u);
    expect(() => binding.read(handle, 0, new Float32Array(3))).toThrow(/Expected \d+ values/u);
    expect(() => binding.read(handle, 5 as 0, new Float32Array(images.length))).toThrow(/Expected 0 values/u);
    expect(() => binding.write(handle, 0, [] as never)).toThrow(/Float32Array/u);
    expect(binding.bytes(handle)).toBeGreaterThan(1000);
    expect(binding.bytes({} as never)).toBe(0);
    expect(() => binding.read({} as never, 0, none)).toThrow(/open session/u);
    const running = run(images, 2, labels, null, none, none, numbers, 2, 0);
    expect(() => run(images, 2, labels, null, none, none, numbers, 2, 0)).toThrow(/not at work/u);
    expect(() => binding.close(handle)).toThrow(/under way/u);
    expect((await running).loss).toBeGreaterThan(0);
    binding.close(handle);
    expect(() => binding.read(handle, 0, none)).toThrow(/open session/u);
    expect(binding.bytes(handle)).toBe(0);
  });
});

test("bytes that are no module are refused", async () => {
  await expect(compileWasm(Uint8Array.of(1, 2, 3))).rejects.toMatchObject({
    code: "engine",
    message: /WebAssembly with SIMD/u,
  });
  expect(() => compileWasmSync(Uint8Array.of(1, 2, 3))).toThrow(/WebAssembly with SIMD/u);
});

test("where the binary and the module are both away, both are named with what makes them", async () => {
  vi.resetModules();
  vi.stubEnv("CELLWRIGHT_NATIVE_BINARY", "/nowhere/cellwright.node");
  vi.stubEnv("CELLWRIGHT_WASM", "/nowhere/cellwright.wasm");
  const fresh = await import("../../../src/engines/native/binding.ts");
  expect(() => fresh.loadBinding()).toThrow(
    /Expected the native engine for .*build:native.*WebAssembly module.*clang and lld/su,
  );
  vi.unstubAllEnvs();
});

describe("which kernels are loaded", () => {
  test("the binary's, unless WebAssembly is asked for", () => {
    expect(
      loadBinding()
        .targets()
        .some(({ name }) => name === "wasm"),
    ).toBe(false);
  });
  describeWasm("without a binary", () => {
    test("those in WebAssembly", async () => {
      vi.resetModules();
      vi.stubEnv("CELLWRIGHT_NATIVE_BINARY", "/nowhere/cellwright.node");
      const fresh = await import("../../../src/engines/native/binding.ts");
      expect(fresh.loadBinding().targets()).toEqual([{ name: "wasm", width: 4 }]);
      expect(() => fresh.loadBinding("avx2")).toThrow(/Expected the native engine/u);
      vi.unstubAllEnvs();
    });
  });
});

test("a browser's page can import it: nothing on the way from it is Node's", () => {
  const seen = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = readFileSync(file, "utf8");
    for (const [, isType, from = ""] of text.matchAll(/^(?:import|export)( type)? [^;]*?from "([^"]+)";$/gmu)) {
      if (isType) continue;
      if (!from.startsWith(".")) {
        packages.add(from);
        continue;
      }
      const path = resolve(dirname(file), from);
      expect(existsSync(path), path).toBe(true);
      visit(path);
    }
    expect(text, file).not.toMatch(/\b(?:process|Buffer|require)[.(]/u);
  };
  visit(join(root, "src/engines/native/wasm/index.ts"));
  expect(seen.size).toBeGreaterThan(20);
  expect([...packages].filter((name) => name.startsWith("node:"))).toEqual([]);
  // The generator, which has a browser's build.
  expect([...packages]).toEqual(["seedrandom"]);
});
