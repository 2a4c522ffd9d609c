/** What a setting of the class must be. One that the recipe does not name, or another value, is refused: nothing is guessed. */
export interface RecipeSetting {
  readonly type: 'integer' | 'number' | 'text' | 'flag';
  /** Where the file does not say it; without, it must. */
  readonly default?: number | string | boolean;
  readonly oneOf?: readonly (number | string | boolean)[];
}

/** A number, a word, or `$name` for what a setting says; `$features` is the length of the input's last axis. */
export type RecipeValue = number | string | boolean | null | readonly RecipeValue[];

/** A variable of the layer itself, in the order in which its class adds them. */
export interface RecipeVariable {
  readonly name: string;
  readonly shape: readonly (number | string)[];
  readonly trainable?: boolean;
}

/** One layer or operation of Keras. `inputs` are `input`, variables and steps before it, or plain numbers. */
export interface RecipeStep {
  readonly name: string;
  readonly layer?: string;
  readonly operation?: string;
  /** `sinusoids`: the table of Vaswani et al. (2017) for `length` steps of `$features`. */
  readonly table?: 'sinusoids_interleaved' | 'sinusoids_halves';
  readonly inputs: readonly (string | number)[];
  readonly config?: Readonly<Record<string, RecipeValue>>;
  /** The attribute under which the class keeps the layer; that is where Keras 3 saves its variables. Default the name. */
  readonly saved?: string;
  /** Only where the two differ; otherwise the step hands its first input on. */
  readonly unlessEqual?: readonly [RecipeValue, RecipeValue];
}

/** A layer class of somebody's own, built from layers and operations of Keras. Plain data: it crosses to the compiling process. */
export interface LayerRecipe {
  readonly settings: Readonly<Record<string, RecipeSetting>>;
  readonly variables?: readonly RecipeVariable[];
  readonly steps: readonly RecipeStep[];
  /** The step whose tensor the layer answers. */
  readonly output: string;
  /** The steps with layers in the order in which their class makes them, where that is another one: older files go by it. */
  readonly saves?: readonly string[];
}
