/**
 * A body that is text by its content type. Newline-delimited JSON is recognised by its type `application/x-ndjson`;
 * a DTO refuses any other text as not an object (422 `model_attributes_type`).
 */
export class RawText {
  constructor(
    readonly text: string,
    readonly contentType: string,
  ) {}
}
