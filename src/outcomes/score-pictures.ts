/** What a scorecard is drawn as. */
export const SCORE_PICTURES = [
  'calibration.png',
  'calibration.svg',
  'pit.png',
  'pit.svg',
  'skill.png',
  'skill.svg',
] as const;
export type ScorePicture = (typeof SCORE_PICTURES)[number];
