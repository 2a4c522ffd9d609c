import type { ModelDescription, TensorDescription } from '#libs/keras-onnx';

/** Of a classifier, which may answer the likeliest class as well: the output with a number for each of its classes. */
export function classOutput({ outputs, onnx }: ModelDescription): TensorDescription | undefined {
  const count = onnx?.labels?.length;
  if (count === undefined) return undefined;
  const [only, ...more] = outputs.filter(
    ({ dtype, shape }) => dtype.startsWith('float') && shape.length === 2 && (shape[1] ?? count) === count,
  );
  return more.length === 0 ? only : undefined;
}
