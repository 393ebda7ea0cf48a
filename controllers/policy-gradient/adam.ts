/** @file Adam: Kingma and Ba, arXiv 1412.6980, algorithm 1, with its defaults (0.9, 0.999, 1e-8). */

export interface Adam {
  /** Moves `parameters` one step against `gradient`. */
  step(parameters: Float64Array, gradient: Float64Array): void;
}

/** Returns the optimizer for a vector of this length; its moments are its state. */
export function createAdam(length: number, learningRate: number): Adam {
  const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-8];
  const mean = new Float64Array(length);
  const square = new Float64Array(length);
  let steps = 0;
  return {
    step(parameters, gradient) {
      steps++;
      const size = learningRate / (1 - beta1 ** steps);
      const correction = 1 / (1 - beta2 ** steps);
      for (let i = 0; i < length; i++) {
        const g = gradient[i]!;
        const m = beta1 * mean[i]! + (1 - beta1) * g;
        const v = beta2 * square[i]! + (1 - beta2) * g * g;
        mean[i] = m;
        square[i] = v;
        parameters[i] = parameters[i]! - (size * m) / (Math.sqrt(v * correction) + epsilon);
      }
    },
  };
}
