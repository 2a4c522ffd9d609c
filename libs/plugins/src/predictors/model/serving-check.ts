import type { ModelDescription } from '#libs/keras-onnx';
import { messageOf } from '#libs/kernel';
import { loadMetadata, metadataName, statisticsOf } from './model-metadata.js';
import { inputLayout } from './input-layout.js';

/** Whether `default_predictor` would take a model as it stands, and how. */
export interface ServingCheck {
  /** Why it would not; null where it would. */
  readonly fault: string | null;
  /** The file beside it that says what its inputs are; null where there is none. */
  readonly metadata: string | null;
  /** Bars of a window. */
  readonly window: number | null;
  /** Columns of a window, by name where the metadata name them. */
  readonly columns: number | null;
  readonly featureColumns: readonly string[] | null;
  /** The output that is served. */
  readonly output: string | null;
}

/** Reads the metadata beside a model and fits them to it, as the service does when it starts. */
export async function checkServing(path: string, model: ModelDescription): Promise<ServingCheck> {
  const file = { parameter: 'model_path', path };
  const nothing = { metadata: null, window: null, columns: null, featureColumns: null, output: null };
  try {
    const metadata = await loadMetadata(file);
    const layout = inputLayout(file, model, metadata);
    const named = metadata.featureColumns;
    const known = {
      metadata: metadata.isThere ? metadataName(file) : null,
      window: layout.size,
      columns: layout.width,
    };
    const output = model.outputs.find(({ name }) => metadata.output === null || name === metadata.output);
    const found = {
      ...known,
      featureColumns: named === null ? null : [...named, ...statisticsOf(metadata)],
      output: output?.name ?? null,
    };
    if (output === undefined) return { ...found, fault: `it has no output "${metadata.output ?? ''}"` };
    if (metadata.output === null && model.outputs.length > 1)
      return {
        ...found,
        fault: `it has several outputs; say in ${metadataName(file)} which is served (output)`,
      };
    return {
      ...found,
      fault:
        model.samplingRefused === null
          ? null
          : `${model.samplingRefused}; mc_samples 0 serves it without sampling`,
    };
  } catch (error) {
    return { ...nothing, fault: messageOf(error).replace(/^model_path: [^:]*: /, '') };
  }
}
