/** Colours of a picture. Contrast against the background: text at least 7:1, lines 4.5:1 (WCAG 2.2). */
export interface Theme {
  readonly background: string;
  readonly text: string;
  readonly quietText: string;
  /** Lies over the areas, hence translucent. */
  readonly grid: string;
  readonly history: string;
  readonly accent: string;
}

export const THEMES = {
  light: {
    background: '#ffffff',
    text: '#1f2328',
    quietText: '#4d5560',
    grid: 'rgba(31, 35, 40, 0.10)',
    history: '#3d444d',
    accent: '#0b62d6',
  },
  dark: {
    background: '#12161c',
    text: '#f0f3f6',
    quietText: '#b3bcc7',
    grid: 'rgba(240, 243, 246, 0.12)',
    history: '#cfd6de',
    accent: '#62a8ff',
  },
} as const satisfies Readonly<Record<string, Theme>>;

export type ThemeName = keyof typeof THEMES;

/** How much of the accent the widest and the narrowest area show. */
const FAINTEST = 0.2;
const STRONGEST = 0.5;

/** The opaque colour of an area: `rank` 0 is the widest of `count`, which is the faintest. */
export function areaColour({ accent, background }: Theme, rank: number, count: number): string {
  const share =
    count < 2 ? (FAINTEST + STRONGEST) / 2 : FAINTEST + ((STRONGEST - FAINTEST) * rank) / (count - 1);
  const [over, under] = [channels(accent), channels(background)];
  const mixed = over.map((value, i) => Math.round(value * share + (under[i] ?? 0) * (1 - share)));
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

const channels = (hex: string): number[] => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
