/**
 * A body that is text by its content type. Newline-delimited JSON is recognised by its type `application/x-ndjson`;
 * any other text is no object to a DTO (422 `model_attributes_type`).
 */
export class RawText {
  constructor(
    readonly text: string,
    readonly contentType: string,
  ) {}
}
