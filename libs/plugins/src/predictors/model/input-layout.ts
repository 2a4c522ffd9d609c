import type { ModelDescription } from '#libs/keras-onnx';
import { fileFault, type NamedFile } from './model-file.js';
import { metadataName, type ModelMetadata, statisticsOf } from './model-metadata.js';

/** How a window of bars becomes the input of a model. */
export interface InputLayout {
  /** Bars of a window. */
  readonly size: number;
  /** Columns of a window. */
  readonly width: number;
  /** (1, size, width), or (1, size · width) for models without a time axis: bar after bar. */
  readonly shape: readonly number[];
}

/**
 * The input of a model. Bars: `window_size` of the metadata, else the model's own length, else `fallbackSize`. Columns:
 * the model's own width, else the number of `feature_columns`.
 * @param extraColumns columns that the caller adds behind the feature columns
 * @throws PluginError `not_configured` where model and metadata contradict each other or leave something open
 */
export function inputLayout(
  file: NamedFile,
  { inputs }: ModelDescription,
  metadata: ModelMetadata,
  { fallbackSize = null, extraColumns = 0 }: { fallbackSize?: number | null; extraColumns?: number } = {},
): InputLayout {
  const [input] = inputs;
  if (input === undefined || inputs.length !== 1) {
    throw fileFault(file, `the model has ${inputs.length} inputs; models with one input are served`);
  }
  const { shape } = input;
  const added = extraColumns + statisticsOf(metadata).length;
  const named = metadata.featureColumns === null ? null : metadata.featureColumns.length + added;
  const layout =
    shape.length === 3
      ? timeLayout(shape, metadata.windowSize ?? shape[1] ?? fallbackSize, shape[2] ?? named)
      : shape.length === 2
        ? flatLayout(shape, metadata.windowSize ?? fallbackSize, named)
        : `its input has the shape ${shapeText(shape)}; (rows, bars, columns) or (rows, numbers) is needed`;
  if (typeof layout === 'string') throw fileFault(file, layout.replaceAll('METADATA', metadataName(file)));
  if (named !== null && named !== layout.width) {
    const extra = added === 0 ? '' : ` and ${added} more`;
    const count = named - added;
    throw fileFault(
      file,
      `the model takes ${layout.width} columns, ${metadataName(file)} names ${count}${extra}`,
    );
  }
  return layout;
}

function timeLayout(
  shape: readonly (number | null)[],
  size: number | null,
  width: number | null,
): InputLayout | string {
  if (size === null) return 'its window has no fixed length; say window_size in METADATA';
  if (width === null) return 'its input has no fixed width; say feature_columns in METADATA';
  const [, bars = null] = shape;
  if (bars !== null && bars !== size) return `its window has ${bars} bars, but window_size is ${size}`;
  return { size, width, shape: [1, size, width] };
}

function flatLayout(
  shape: readonly (number | null)[],
  size: number | null,
  width: number | null,
): InputLayout | string {
  const [, total = null] = shape;
  const bars = size ?? (total !== null && width !== null ? total / width : null);
  const columns = width ?? (total !== null && bars !== null ? total / bars : null);
  if (bars === null || columns === null) {
    return `its input has the shape ${shapeText(shape)}; say window_size and feature_columns in METADATA`;
  }
  const isWhole = Number.isSafeInteger(bars) && Number.isSafeInteger(columns);
  if (!isWhole || (total !== null && total !== bars * columns)) {
    return `it takes ${total} numbers, which are no ${size ?? 'whole number of'} bars of ${width ?? 'any'} columns`;
  }
  return { size: bars, width: columns, shape: [1, bars * columns] };
}

/** (null, 24, 8) */
export const shapeText = (shape: readonly (number | null)[]): string => `(${shape.map(String).join(', ')})`;
