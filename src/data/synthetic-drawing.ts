/**
 * @file Draws one image of the synthetic set: a textured shape on a textured ground. The class is the pair of shape and texture of the
 * figure; place, size, turn, colours, the ground's own texture, occlusion and noise vary freely. So neither colour nor local
 * texture alone tells the class: the texture has to be bound to the figure, and the figure's outline seen at any turn and size.
 */
import type { Rng } from "../base/rng.ts";

export const SYNTHETIC_SIDE = 32;

const SHAPES = ["disc", "square", "triangle", "ring", "cross"] as const;
const TEXTURES = ["striped", "checked"] as const;

/** `striped disc`, `striped square` … `checked cross`. */
export const SYNTHETIC_CLASSES: readonly string[] = TEXTURES.flatMap((texture) =>
  SHAPES.map((shape) => `${texture} ${shape}`),
);

/** Figures stand nearly upright, as things in photographs do; in radians. */
const MAX_TURN = 0.35;

/** The ground's texture is fainter than the figure's. */
const MAX_GROUND_CONTRAST = 0.3;

type Field = (x: number, y: number) => number;
type Colour = readonly [number, number, number];

/** Signed distance in pixels, negative inside; `r` is the shape's outer radius. */
function signedDistance(shape: number, u: number, v: number, r: number): number {
  switch (SHAPES[shape]) {
    case "disc":
      return Math.hypot(u, v) - 0.9 * r;
    case "square":
      return Math.max(Math.abs(u), Math.abs(v)) - 0.78 * r;
    case "triangle":
      return Math.max(v, -0.5 * v + 0.866 * u, -0.5 * v - 0.866 * u) - 0.58 * r;
    case "ring":
      return Math.abs(Math.hypot(u, v) - 0.74 * r) - 0.27 * r;
    default:
      return Math.min(
        Math.max(Math.abs(u) - 0.34 * r, Math.abs(v) - r),
        Math.max(Math.abs(v) - 0.34 * r, Math.abs(u) - r),
      );
  }
}

/** A wave of stripes or checks with values in 0 to 1. */
function textureField(texture: number, rng: Rng): Field {
  const angle = rng.next() * Math.PI;
  const period = 3.6 + 2.4 * rng.next();
  const k = (2 * Math.PI) / period;
  const [kx, ky] = [k * Math.cos(angle), k * Math.sin(angle)];
  const [a, b] = [rng.next() * 2 * Math.PI, rng.next() * 2 * Math.PI];
  const wave = (phase: number) => Math.max(-1, Math.min(1, 1.5 * Math.sin(phase)));
  return texture === 0
    ? (x, y) => 0.5 + 0.5 * wave(kx * x + ky * y + a)
    : (x, y) => 0.5 + 0.5 * wave(kx * x + ky * y + a) * wave(ky * x - kx * y + b);
}

function direction(angle: number): { readonly cos: number; readonly sin: number } {
  return { cos: Math.cos(angle), sin: Math.sin(angle) };
}

function colour(rng: Rng): Colour {
  return [rng.next(), rng.next(), rng.next()];
}

/** Returns a colour at some distance from `other`, so that a figure can be seen. */
function colourAwayFrom(other: Colour, least: number, rng: Rng): Colour {
  for (;;) {
    const candidate = colour(rng);
    const distance = Math.hypot(candidate[0] - other[0], candidate[1] - other[1], candidate[2] - other[2]);
    if (distance >= least) return candidate;
  }
}

const blend = (a: number, b: number, t: number) => a + (b - a) * t;

/** Draws an image of class `label` into `pixels` from `offset` on, `[32, 32, 3]`. All of it follows from `rng`. */
export function drawSynthetic(label: number, rng: Rng, pixels: Uint8Array, offset: number): void {
  const side = SYNTHETIC_SIDE;
  const shape = label % SHAPES.length;
  const texture = Math.floor(label / SHAPES.length);

  const radius = 9.5 + 4.5 * rng.next();
  const reach = side / 2 - 0.8 * radius;
  const [cx, cy] = [side / 2 + (2 * rng.next() - 1) * reach, side / 2 + (2 * rng.next() - 1) * reach];
  const { cos, sin } = direction((2 * rng.next() - 1) * MAX_TURN);
  const stretch = 0.85 + 0.3 * rng.next();

  const ground = colour(rng);
  const groundOther = colourAwayFrom(ground, 0.25, rng);
  const figure = colourAwayFrom(ground, 0.5, rng);
  const figureOther = colourAwayFrom(figure, 0.65, rng);
  const groundTexture = textureField(rng.int(2), rng);
  const groundContrast = MAX_GROUND_CONTRAST * rng.next();
  const figureTexture = textureField(texture, rng);
  const [gx, gy] = [(rng.next() - 0.5) / side, (rng.next() - 0.5) / side];
  const occluders = Array.from({ length: rng.int(3) }, () => ({
    x: rng.next() * side,
    y: rng.next() * side,
    ...direction(rng.next() * Math.PI),
    halfWidth: 0.8 + 1.2 * rng.next(),
    halfLength: 4 + 8 * rng.next(),
    colour: colour(rng),
  }));
  const noise = 0.02 + 0.08 * rng.next();

  // A small generator of its own for the noise (xorshift, 32 bits): a stream's draws are ten times the price.
  let state = rng.int(0x7fffffff) + 1;
  const grain = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 0x80000000;
  };

  let out = offset;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const dx = x + 0.5 - cx;
      const dy = y + 0.5 - cy;
      const u = (cos * dx + sin * dy) * stretch;
      const v = (cos * dy - sin * dx) / stretch;
      const inside = Math.max(0, Math.min(1, 0.5 - signedDistance(shape, u, v, radius)));
      const light = gx * (x - side / 2) + gy * (y - side / 2);
      const groundMix = groundContrast * groundTexture(x, y);
      const figureMix = inside > 0 ? figureTexture(x, y) : 0;
      let covered = 0;
      let cover: Colour = ground;
      for (const bar of occluders) {
        const bx = x + 0.5 - bar.x;
        const by = y + 0.5 - bar.y;
        const along = Math.abs(bx * bar.cos + by * bar.sin) - bar.halfLength;
        const across = Math.abs(by * bar.cos - bx * bar.sin) - bar.halfWidth;
        const share = Math.max(0, Math.min(1, 0.5 - Math.max(along, across)));
        if (share > covered) {
          covered = share;
          cover = bar.colour;
        }
      }
      for (let c = 0; c < 3; c++) {
        const back = blend(ground[c] as number, groundOther[c] as number, groundMix);
        const front = blend(figure[c] as number, figureOther[c] as number, figureMix);
        const value =
          blend(blend(back, front, inside), cover[c] as number, covered) + light + noise * (grain() + grain());
        pixels[out++] = Math.max(0, Math.min(255, Math.round(255 * value)));
      }
    }
  }
}
