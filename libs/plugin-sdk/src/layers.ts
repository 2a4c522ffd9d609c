import type { LayerRecipe } from '#libs/kernel';

const announced: (readonly [string, LayerRecipe | string])[] = [];

/**
 * Serves a layer class that model files of this plugin hold, by a recipe of layers and operations of Keras, or by the name of a recipe
 * that comes with the service. To be called while the plugin's module is loaded. A faulty recipe stops the start.
 * @param className `TCN`, or `package>TCN` for the class of one package only
 */
export function registerLayer(className: string, recipe: LayerRecipe | string): void {
  announced.push([className, recipe]);
}

/** Those that were registered since the last question; for the host. */
export const takeRegisteredLayers = (): readonly (readonly [string, LayerRecipe | string])[] =>
  announced.splice(0);
