/** @file Numbers for people: `8.2 M`, `41 min`, `72,370`. Raw numbers belong to `--json`. */

/** Returns a count with thousands separators: `72,370`. */
export function formatCount(value: number | bigint): string {
  return value.toString().replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** Returns how many there are for people, whatever its size: `15,625`, `5.2e36`. */
export function formatMany(value: bigint): string {
  if (value < 10n ** 7n) return formatCount(value);
  const exponent = value.toString().length - 1;
  const tenths = (value / 10n ** BigInt(exponent - 2) + 5n) / 10n;
  return tenths < 100n ? `${tenths / 10n}.${tenths % 10n}e${exponent}` : `1.0e${exponent + 1}`;
}

/** Returns a number with an SI suffix and two significant digits or more: `8.2 M`, `564 M`, `3.35 M`. */
export function formatSi(value: number): string {
  const scale: readonly [number, string][] = [
    [1e12, " T"],
    [1e9, " G"],
    [1e6, " M"],
    [1e3, " k"],
  ];
  for (const [factor, suffix] of scale) {
    if (value >= factor * 0.9995) {
      const scaled = value / factor;
      return `${scaled >= 100 ? scaled.toFixed(0) : scaled >= 10 ? scaled.toFixed(1) : scaled.toFixed(2)}${suffix}`;
    }
  }
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}

/** Returns multiply-accumulates for people: `8.2 MMAC`. */
export function formatMacs(macs: number): string {
  return `${formatSi(macs)}MAC`.replace(/^(\d+)MAC$/, "$1 MAC");
}

/** Returns bytes in binary units: `438 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${units[unit]}`;
}

/** Returns a duration for people: `850 ms`, `12 s`, `41 min`, `2 h 05 min`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `1 epoch`, `12 epochs`. */
export function formatEpochs(epochs: number): string {
  return `${epochs} ${epochs === 1 ? "epoch" : "epochs"}`;
}
