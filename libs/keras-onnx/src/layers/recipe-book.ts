import type { LayerRecipe } from '#libs/kernel';

const registered = new Map<string, LayerRecipe>();

/** Puts recipes in the place of those that are registered. */
export function replaceRecipes(recipes: readonly (readonly [string, LayerRecipe])[]): void {
  registered.clear();
  for (const [name, recipe] of recipes) registered.set(name, recipe);
}

/** All recipes, by the class that they stand for. */
export const recipesNow = (): (readonly [string, LayerRecipe])[] =>
  [...registered].sort(([a], [b]) => (a < b ? -1 : 1));

/** Adds a recipe that has been checked; false where the class has another one. */
export function addRecipe(name: string, recipe: LayerRecipe): boolean {
  const known = registered.get(name);
  if (known !== undefined) return JSON.stringify(known) === JSON.stringify(recipe);
  registered.set(name, recipe);
  return true;
}

const MARK = 'custom>';

/** The class under which a custom one goes on, where a recipe is registered for it: by its full name, or by the part behind the package. */
export function customClass(className: string, registeredName: unknown): string | undefined {
  const names = [typeof registeredName === 'string' ? registeredName : '', className];
  const found = names
    .flatMap((name) => [name, name.split('>').at(-1) ?? ''])
    .find((name) => registered.has(name));
  return found === undefined ? undefined : `${MARK}${found}`;
}

/** The name of a custom class as a person wrote it; undefined for classes of Keras. */
export const customName = (className: string): string | undefined =>
  className.startsWith(MARK) ? className.slice(MARK.length) : undefined;

/** The recipe of a custom class. */
export const recipeOf = (name: string): LayerRecipe | undefined => registered.get(name);
