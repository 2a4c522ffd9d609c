import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

type Pdf = PDFKit.PDFDocument;
export type Weight = 'regular' | 'bold';

/** Fonts that every PDF reader has: they cost nothing, and know Western European letters. */
const BUILT_IN: Readonly<Record<Weight, string>> = { regular: 'Helvetica', bold: 'Helvetica-Bold' };
const BEYOND_BUILT_IN = /[^\x20-\x7e\u00a0-\u00ff€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]/u;

const require = createRequire(import.meta.url);
/** Fonts that travel inside of the file: Greek, Cyrillic, Armenian, Georgian, Hebrew, Arabic and more. */
const EMBEDDED: Readonly<Record<Weight, string>> = {
  regular: require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf'),
  bold: require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf'),
};
const files = new Map<Weight, Buffer>();

function fontFile(weight: Weight): Buffer {
  const file = files.get(weight) ?? readFileSync(EMBEDDED[weight]);
  files.set(weight, file);
  return file;
}

/**
 * Chooses the font for a text and returns the text as it is to be drawn: a letter that no font here has (Chinese,
 * Japanese and Korean ones) becomes a question mark, and words that are read from the right stand in that order.
 */
export function useFontFor(pdf: Pdf, text: string, weight: Weight): string {
  const composed = text.normalize('NFC');
  if (!BEYOND_BUILT_IN.test(composed)) {
    pdf.font(BUILT_IN[weight]);
    return composed;
  }
  pdf.registerFont(EMBEDDED[weight], fontFile(weight)).font(EMBEDDED[weight]);
  const { font } = (pdf as unknown as { _font: { font: { hasGlyphForCodePoint(point: number): boolean } } })
    ._font;
  const known = [...composed].map((letter) =>
    font.hasGlyphForCodePoint(letter.codePointAt(0) ?? 0) ? letter : '?',
  );
  return inVisualOrder(known.join(''));
}

const FROM_THE_RIGHT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Nko}]/u;

/** Spaces that do not end what the font's layout puts in order by itself, letters and words. */
const JOINT = '\u00a0';

/**
 * A line from left to right: one that begins with a word read from the right is read from the right as a whole. The
 * layout turns around each stretch between spaces, the space at its end too; hence the joint at its beginning.
 */
function inVisualOrder(line: string): string {
  if (!FROM_THE_RIGHT.test(line)) return line;
  const runs: { readonly fromTheRight: boolean; readonly words: string[] }[] = [];
  for (const word of line.split(' ')) {
    const fromTheRight = FROM_THE_RIGHT.test(word);
    const last = runs.at(-1);
    if (last?.fromTheRight === fromTheRight) last.words.push(word);
    else runs.push({ fromTheRight, words: [word] });
  }
  const ordered = runs[0]?.fromTheRight === true ? runs.toReversed() : runs;
  return ordered
    .map(({ fromTheRight, words }) => (fromTheRight ? JOINT + words.join(JOINT) : words.join(' ')))
    .join(' ');
}
