import type { PluginError } from '#libs/plugin-sdk';
import { fileFault } from '../model/model-file.js';
import type { Passes, ServedModel } from '../model/served-model.js';

/** What a probability is the probability of, and the names that classes of that meaning have. */
export interface ClassMeaning {
  readonly meaning: string;
  readonly names: readonly string[];
}

export const RISE: ClassMeaning = {
  meaning: 'a buy',
  names: ['buy', 'long', 'up', 'rise', 'bull', '1', 'true', 'yes'],
};
export const FALL: ClassMeaning = {
  meaning: 'a sell',
  names: ['sell', 'short', 'down', 'fall', 'bear', '-1'],
};
/** What the short model of a direction says; a model of 0 and 1 says 1 for it. */
export const DROP: ClassMeaning = { meaning: 'a fall', names: [...FALL.names, '1', 'true', 'yes'] };
export const KEEP: ClassMeaning = { meaning: 'keeping', names: ['keep', 'hold', '1', 'true', 'yes'] };

/** The probabilities that are served of a classifier: their places among those of its classes. */
export interface ClassPlaces {
  readonly labels: readonly string[];
  readonly served: readonly string[];
  readonly places: readonly number[];
}

/**
 * Which classes of an ONNX classifier are asked about, by their names; null for a model that names no classes. A second
 * meaning may be missing: its probability is the rest of the first.
 * @throws PluginError `not_configured` where no class, or several, have the first meaning
 */
export function classPlaces(
  { file, description: { onnx } }: ServedModel,
  meanings: readonly [ClassMeaning, ...ClassMeaning[]],
): ClassPlaces | null {
  const labels = onnx?.labels ?? null;
  if (labels === null) return null;
  // Of three numbered classes 1 may mean anything, unless they are those of a direction: -1, 0 and 1.
  const areNumbersClear = labels.length === 2 || labels.includes('-1');
  const placesOf = ({ names }: ClassMeaning): number[] =>
    labels.flatMap((label, at) => {
      const name = label.trim().toLowerCase();
      return names.includes(name) && (areNumbersClear || !/^\d+$/.test(name)) ? [at] : [];
    });
  const [first, ...others] = meanings;
  const fault = ({ meaning, names }: ClassMeaning): PluginError =>
    fileFault(
      file,
      `its classes are ${labels.join(', ')}; the one that means ${meaning} must be the only one with a name of ${names.join(', ')}`,
    );
  const found = placesOf(first);
  if (found.length !== 1) throw fault(first);
  for (const meaning of others) {
    const next = placesOf(meaning);
    // Of two classes the other one is the rest, whatever it is called.
    if (next.length > 1 || (next.length === 0 && labels.length > 2)) throw fault(meaning);
    found.push(...next);
  }
  return { labels, served: found.map((place) => labels[place] ?? ''), places: found };
}

/**
 * What the classifier answers for the classes that are served.
 * @throws PluginError `not_configured` where it answers another number of numbers than it names classes
 */
export function passesOfClasses(
  { file }: ServedModel,
  passes: readonly Passes[],
  { labels, places }: ClassPlaces,
): readonly Passes[] {
  return passes.map((one) => {
    if (one.mean.length !== labels.length)
      throw fileFault(file, `it names ${labels.length} classes and answers ${one.mean.length} numbers`);
    const taken = (values: Float32Array): Float32Array =>
      Float32Array.from(places, (at) => values[at] ?? NaN);
    return { ...one, shape: [places.length], mean: taken(one.mean), std: taken(one.std) };
  });
}
