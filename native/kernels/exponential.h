// Exponentials and logarithms of whole vectors, from arithmetic alone: the same source on every target, within 1 or 2 units in the last place.
#pragma once
#include "vector.h"

namespace cellwright {
namespace CW_TARGET {

// e^x: x = n ln 2 + r with |r| <= ln 2 / 2 (Cody and Waite's two-part reduction), e^r by a polynomial of degree 6 whose relative error is 3e-9 at
// most (coefficients: Lawson's weighted least squares for the minimax fit), and 2^n by its exponent alone, so that it is infinite from n = 128 (2.4e38)
// on and zero below n = -126, about where normal numbers end. NaN stays NaN.
CW_INLINE vf exponential(vf x) {
  x = pick_smaller(pick_larger(x, bc(-88)), bc(89));
  const vf magic = bc(12582912.0f);  // 1.5 * 2^23: adding it rounds to a whole number, which stands in the low bits
  const vf shifted = x * bc(1.44269504f) + magic, n = shifted - magic;
  vf r = x - n * bc(0.693359375f);
  r = r - n * bc(-2.12194440e-4f);
  vf p = bc(1.3814467e-3f);
  p = p * r + bc(8.3687808e-3f);
  p = p * r + bc(4.1668393e-2f);
  p = p * r + bc(1.6666520e-1f);
  p = p * r + bc(4.9999994e-1f);
  p = p * (r * r) + r + bc(1);
  return p * (vf)(((vu)shifted + 127) << 23);
}

// ln x of a normal number x above zero: x = m 2^n with m between the roots of 1/2 and 2, and ln m = f - f^2 / 2 + f^3 P(f) for f = m - 1, with P of
// degree 7 (coefficients as above) so that the relative error is 7e-9 at most. Infinity and NaN stay what they are.
CW_INLINE vf logarithm(vf x) {
  // Unsigned, as the difference may wrap for other numbers, whose logarithm is nothing either.
  const vi low = (vi)bc(0.70710677f), bits = (vi)((vu)x - (vu)low), exponent = bits >> 23;
  const vf f = (vf)((bits & 0x7fffff) + low) - bc(1), magic = bc(12582912.0f), n = (vf)(exponent + (vi)magic) - magic;
  vf p = bc(-7.6345004e-2f);
  p = p * f + bc(1.2761582e-1f);
  p = p * f + bc(-1.3160183e-1f);
  p = p * f + bc(1.4201757e-1f);
  p = p * f + bc(-1.6623357e-1f);
  p = p * f + bc(2.0001227e-1f);
  p = p * f + bc(-2.5000820e-1f);
  p = p * f + bc(3.3333331e-1f);
  p = (p * f - bc(0.5f)) * (f * f) + n * bc(-2.12194440e-4f) + f;
  return x < bc(INFINITY) ? n * bc(0.693359375f) + p : x;
}

CW_INLINE vf logistic(vf x) { return bc(1) / (bc(1) + exponential(-x)); }

// Near zero an odd polynomial (relative error 4e-9 up to 0.625), beyond it 1 - 2 / (e^2|x| + 1) with the sign of x.
CW_INLINE vf hyperbolic_tangent(vf x) {
  const vi sign = (vi)x & (vi)bc(-0.0f);
  const vf size = (vf)((vi)x ^ sign), square = x * x;
  vf near = bc(-5.7049701e-3f);
  near = near * square + bc(2.0639071e-2f);
  near = near * square + bc(-5.3739708e-2f);
  near = near * square + bc(1.3331442e-1f);
  near = near * square + bc(-3.3333281e-1f);
  near = near * square * x + x;
  const vf far = bc(1) - bc(2) / (exponential(size + size) + bc(1));
  return size < bc(0.625f) ? near : (vf)((vi)far | sign);
}

}  // namespace CW_TARGET
}  // namespace cellwright
