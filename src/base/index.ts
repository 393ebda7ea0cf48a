/** @file Public entry `cellwright/base`: errors, seeded randomness, canonical JSON, hashes, units. */
export { canonicalJson, type Json } from "./canonical-json.ts";
export { manualClock, type Clock } from "./clock.ts";
export { CellwrightError, describe, expected, messageOf, unreachable, type ErrorCode } from "./errors.ts";
export { hashJson, md5Hex, sha256Hex } from "./hash.ts";
export { silentLogger, type Logger } from "./logger.ts";
export { createRng, type Rng } from "./rng.ts";
export { formatBytes, formatCount, formatDuration, formatMacs, formatSi } from "./units.ts";
