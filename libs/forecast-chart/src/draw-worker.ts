import type { Drawing } from './chart-spec.js';
import { draw } from './draw.js';

/** The worker thread's entry: draws one picture. */
export default function drawInThread(drawing: Drawing): Promise<Uint8Array> {
  return draw(drawing);
}
