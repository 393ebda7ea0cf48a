/**
 * @file Whether a JPEG is one that a decoder can begin (ITU-T T.81, annex B): every segment up to its end, the tables' contents, the frame, and
 * the components of each scan. As strict as libjpeg's reader of headers is, because the decoder underneath the canvas does not survive its refusals.
 */

/** Size of the picture as stored, or what is wrong with it. */
export type JpegFrame = { readonly width: number; readonly height: number } | { readonly broken: string };

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly isProgressive: boolean;
  /** Components by their identifiers, with the quantisation table of each. */
  readonly components: ReadonlyMap<number, number>;
}

interface Head {
  frame: Frame | undefined;
  readonly quantisation: Set<number>;
  /** Table classes and numbers as segments write them: 0x00 to 0x03 for DC, 0x10 to 0x13 for AC. */
  readonly huffman: Set<number>;
  scans: number;
}

/** The first thing that is wrong with a part, or undefined. */
type Complaint = string | undefined;

const word = (bytes: Uint8Array, at: number): number => ((bytes[at] as number) << 8) | (bytes[at + 1] as number);

/** Side that libjpeg allows. */
const MOST_SIDE = 65_500;

/** Walks a whole JPEG. */
export function checkJpeg(bytes: Uint8Array): JpegFrame {
  const head: Head = { frame: undefined, quantisation: new Set(), huffman: new Set(), scans: 0 };
  let at = 2;
  for (;;) {
    if (at + 1 >= bytes.length) return { broken: "a JPEG that is cut off" };
    if (bytes[at] !== 0xff) return { broken: `a JPEG with no marker at byte ${at}` };
    const marker = bytes[at + 1] as number;
    // Markers may be filled up with bytes of 255.
    if (marker === 0xff) {
      at++;
      continue;
    }
    at += 2;
    if (marker === 0xd9) break;
    // Markers that stand alone.
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) continue;
    if (at + 2 > bytes.length || at + word(bytes, at) > bytes.length) return { broken: "a JPEG that is cut off" };
    const length = word(bytes, at);
    const complaint = length < 2 ? "an empty segment" : checkSegment(marker, bytes.subarray(at + 2, at + length), head);
    if (complaint !== undefined) return { broken: `a JPEG with ${complaint} (byte ${at})` };
    at += length;
    if (marker !== 0xda) continue;
    const end = endOfScan(bytes, at);
    if (end === undefined) return { broken: "a JPEG that is cut off" };
    at = end;
  }
  if (head.frame === undefined || head.scans === 0) return { broken: "a JPEG without an image" };
  return { width: head.frame.width, height: head.frame.height };
}

/** Where a scan's data ends: at a byte of 255 that is followed by something else than a stuffed 0 or a restart. */
function endOfScan(bytes: Uint8Array, from: number): number | undefined {
  for (let at = from; ; at += 2) {
    at = bytes.indexOf(0xff, at);
    if (at < 0 || at + 1 >= bytes.length) return undefined;
    const next = bytes[at + 1] as number;
    if (next !== 0 && !(next >= 0xd0 && next <= 0xd7)) return at;
  }
}

function checkSegment(marker: number, body: Uint8Array, head: Head): Complaint {
  switch (marker) {
    case 0xc4:
      return checkHuffman(body, head);
    case 0xdb:
      return checkQuantisation(body, head);
    case 0xda:
      return checkScan(body, head);
    case 0xdd:
      return body.length === 2 ? undefined : "a restart interval of a wrong length";
    case 0xc0:
    case 0xc1:
    case 0xc2:
      return checkFrame(marker, body, head);
    default:
      // The other frames: lossless, hierarchical, arithmetic.
      if (marker >= 0xc0 && marker <= 0xcf) return "a coding that is not read (lossless, hierarchical or arithmetic)";
      if ((marker >= 0xe0 && marker <= 0xef) || marker === 0xfe || marker === 0xdc) return undefined;
      return `a marker of no meaning (0x${marker.toString(16)})`;
  }
}

function checkQuantisation(body: Uint8Array, head: Head): Complaint {
  let at = 0;
  while (at < body.length) {
    const which = body[at] as number;
    if ((which & 15) > 3 || which >> 4 > 1) return "a quantisation table of no number";
    head.quantisation.add(which & 15);
    at += 1 + 64 * ((which >> 4) + 1);
  }
  return at === body.length ? undefined : "a quantisation table of a wrong length";
}

function checkHuffman(body: Uint8Array, head: Head): Complaint {
  let at = 0;
  while (at + 17 <= body.length) {
    const which = body[at] as number;
    if ((which & 15) > 3 || which >> 4 > 1) return "a Huffman table of no number";
    const lengths = body.subarray(at + 1, at + 17);
    const count = lengths.reduce((a, b) => a + b, 0);
    if (count > 256 || at + 17 + count > body.length) return "a Huffman table of too many codes";
    // No more codes of a length than the shorter ones leave (annex C).
    let room = 1;
    for (const codes of lengths) {
      room = room * 2 - codes;
      if (room < 0) return "a Huffman table that is no prefix code";
    }
    const symbols = body.subarray(at + 17, at + 17 + count);
    if (which < 16 && symbols.some((symbol) => symbol > 15)) return "a Huffman table of values that are too large";
    head.huffman.add(which);
    at += 17 + count;
  }
  return at === body.length ? undefined : "a Huffman table of a wrong length";
}

function checkFrame(marker: number, body: Uint8Array, head: Head): Complaint {
  if (head.frame !== undefined) return "two frames";
  const count = body[5] ?? 0;
  if (body.length !== 6 + 3 * count) return "a frame header of a wrong length";
  if (body[0] !== 8) return `${body[0]} bits a colour`;
  if (count !== 1 && count !== 3 && count !== 4) return `${count} colour components`;
  const [height, width] = [word(body, 1), word(body, 3)];
  if (width < 1 || height < 1 || width > MOST_SIDE || height > MOST_SIDE) return `a size of ${width} x ${height}`;
  const components = new Map<number, number>();
  for (let k = 0; k < count; k++) {
    const [id, sampling, table] = body.subarray(6 + 3 * k, 9 + 3 * k) as unknown as [number, number, number];
    const [across, down] = [sampling >> 4, sampling & 15];
    if (across < 1 || across > 4 || down < 1 || down > 4) return "a sampling factor that is none";
    if (components.has(id) || table > 3) return "a component that is none";
    components.set(id, table);
  }
  head.frame = { width, height, isProgressive: marker === 0xc2, components };
  return undefined;
}

function checkScan(body: Uint8Array, head: Head): Complaint {
  const { frame } = head;
  if (frame === undefined) return "a scan before its frame";
  const count = body[0] ?? 0;
  if (count < 1 || count > 4 || body.length !== 4 + 2 * count) return "a scan header of a wrong length";
  const [first, last, approximation] = body.subarray(1 + 2 * count) as unknown as [number, number, number];
  const [high, low] = [approximation >> 4, approximation & 15];
  if (frame.isProgressive) {
    if (first > last || last > 63 || low > 13 || (high !== 0 && high !== low + 1)) return "a scan of no progression";
    if (first === 0 ? last !== 0 : count !== 1) return "a scan of no progression";
  }
  const seen = new Set<number>();
  for (let k = 0; k < count; k++) {
    const [id, tables] = body.subarray(1 + 2 * k, 3 + 2 * k) as unknown as [number, number];
    const quantisation = frame.components.get(id);
    if (quantisation === undefined || seen.has(id)) return "a scan of a component that is none";
    seen.add(id);
    if (!head.quantisation.has(quantisation)) return "a component without its quantisation table";
    const [dc, ac] = [tables >> 4, (tables & 15) | 16];
    const needsDc = !frame.isProgressive || (first === 0 && high === 0);
    const needsAc = !frame.isProgressive || first > 0;
    if ((needsDc && !head.huffman.has(dc)) || (needsAc && !head.huffman.has(ac)))
      return "a component without its Huffman table";
  }
  head.scans++;
  return undefined;
}
