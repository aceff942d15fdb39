/** A colour and a pattern for each task, so that a reload shows at a glance whether another one answered. */

import { createHash } from 'node:crypto';

import { trusted } from './html.js';

const SIZE = 5;
const HALF = Math.ceil(SIZE / 2);

/**
 * @param {string} id
 * @returns {{hue: number, svg: object}} the hue in degrees, and a picture that mirrors left to right
 */
export function badge(id) {
  const digest = createHash('sha256').update(id).digest();
  const hue = digest.readUInt16BE(0) % 360;
  let path = '';
  for (let y = 0; y < SIZE; y += 1) {
    for (let x = 0; x < SIZE; x += 1) {
      const cell = y * HALF + Math.min(x, SIZE - 1 - x);
      if (digest[2 + cell] % 2 === 0) path += `M${x} ${y}h1v1h-1z`;
    }
  }
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-1 -1 7 7" shape-rendering="crispEdges" aria-hidden="true">` +
    `<rect x="-1" y="-1" width="7" height="7" fill="oklch(52% 0.13 ${hue})"/><path fill="#fff" d="${path}"/></svg>`;
  return { hue, svg: trusted(svg) };
}
