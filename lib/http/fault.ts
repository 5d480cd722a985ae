/**
 * What can be wrong with a message: one constant for each rule, so that refusing a message allocates nothing.
 *
 * @module
 */

/** A rule that a message breaks. */
export class HttpFault {
  /** What a server answers to a request with this fault; 502 for what only a response can have. */
  readonly status: number;
  /** Stable, such as `ERR_HTTP_FIELD_NAME`. */
  readonly code: string;
  /** One sentence without the peer's bytes, so that it is safe to log and to send. */
  readonly message: string;
  /** Where the rule is, such as `RFC 9112 5.1`. */
  readonly section: string;

  constructor(status: number, code: string, message: string, section: string) {
    this.status = status;
    this.code = code;
    this.message = message;
    this.section = section;
  }
}

/** All rules, by name. */
export interface HttpFaults {
  readonly headBytes: HttpFault;
  readonly fieldCount: HttpFault;
  readonly bareLineFeed: HttpFault;
  readonly bareCarriageReturn: HttpFault;
  readonly emptyLines: HttpFault;
  readonly method: HttpFault;
  readonly methodBytes: HttpFault;
  readonly requestLineSpace: HttpFault;
  readonly targetBytes: HttpFault;
  readonly targetCharacter: HttpFault;
  readonly targetForm: HttpFault;
  readonly targetAuthority: HttpFault;
  readonly version: HttpFault;
  readonly versionUnsupported: HttpFault;
  readonly statusLine: HttpFault;
  readonly statusCode: HttpFault;
  readonly reason: HttpFault;
  readonly leadingSpace: HttpFault;
  readonly obsoleteFold: HttpFault;
  readonly fieldName: HttpFault;
  readonly fieldNameEmpty: HttpFault;
  readonly fieldNameSpace: HttpFault;
  readonly fieldValue: HttpFault;
  readonly host: HttpFault;
  readonly hostMissing: HttpFault;
  readonly hostRepeated: HttpFault;
  readonly contentLength: HttpFault;
  readonly contentLengthOverflow: HttpFault;
  readonly contentLengthRepeated: HttpFault;
  readonly contentLengthAndTransferEncoding: HttpFault;
  readonly transferEncoding: HttpFault;
  readonly transferEncodingVersion: HttpFault;
  readonly transferCoding: HttpFault;
  readonly connectBody: HttpFault;
  readonly connectionOption: HttpFault;
  readonly connectionOptionCount: HttpFault;
  readonly chunkSize: HttpFault;
  readonly chunkSizeOverflow: HttpFault;
  readonly chunkExtension: HttpFault;
  readonly chunkExtensionBytes: HttpFault;
  readonly chunkEnd: HttpFault;
  readonly trailerBytes: HttpFault;
  readonly trailerCount: HttpFault;
  readonly trailerField: HttpFault;
}

/** The constants. */
export const FAULT: HttpFaults = {
  headBytes: new HttpFault(431, "ERR_HTTP_HEAD_BYTES", "The head is too long", "RFC 6585 5"),
  fieldCount: new HttpFault(431, "ERR_HTTP_FIELD_COUNT", "The head has too many fields", "RFC 6585 5"),

  bareLineFeed: new HttpFault(400, "ERR_HTTP_BARE_LF", "A line ends with LF instead of CRLF", "RFC 9112 2.2"),
  bareCarriageReturn: new HttpFault(400, "ERR_HTTP_BARE_CR", "A CR is not followed by LF", "RFC 9112 2.2"),
  emptyLines: new HttpFault(
    400,
    "ERR_HTTP_EMPTY_LINES",
    "More than one empty line precedes the request",
    "RFC 9112 2.2",
  ),

  method: new HttpFault(400, "ERR_HTTP_METHOD", "The method is not a token", "RFC 9110 9.1"),
  methodBytes: new HttpFault(501, "ERR_HTTP_METHOD_BYTES", "The method is longer than any known one", "RFC 9112 3"),
  requestLineSpace: new HttpFault(
    400,
    "ERR_HTTP_REQUEST_LINE_SPACE",
    "The parts of the request line are not separated by one space each",
    "RFC 9112 3",
  ),
  targetBytes: new HttpFault(414, "ERR_HTTP_TARGET_BYTES", "The request target is too long", "RFC 9112 3"),
  targetCharacter: new HttpFault(
    400,
    "ERR_HTTP_TARGET_CHARACTER",
    "The request target has a character that must be percent-encoded",
    "RFC 9112 3.2",
  ),
  targetForm: new HttpFault(
    400,
    "ERR_HTTP_TARGET_FORM",
    "The request target has no form that the method allows",
    "RFC 9112 3.2",
  ),
  targetAuthority: new HttpFault(
    400,
    "ERR_HTTP_TARGET_AUTHORITY",
    "The host or port of the request target is malformed",
    "RFC 9110 4.2",
  ),
  version: new HttpFault(400, "ERR_HTTP_VERSION", "The protocol version is missing or malformed", "RFC 9112 2.3"),
  versionUnsupported: new HttpFault(
    505,
    "ERR_HTTP_VERSION_UNSUPPORTED",
    "The protocol version is neither HTTP/1.0 nor HTTP/1.1",
    "RFC 9110 15.6.6",
  ),

  statusLine: new HttpFault(502, "ERR_HTTP_STATUS_LINE", "The status line is malformed", "RFC 9112 4"),
  statusCode: new HttpFault(
    502,
    "ERR_HTTP_STATUS_CODE",
    "The status code is not a number from 100 to 599",
    "RFC 9110 15",
  ),
  reason: new HttpFault(502, "ERR_HTTP_REASON", "The reason phrase has a control character", "RFC 9112 4"),

  leadingSpace: new HttpFault(400, "ERR_HTTP_LEADING_SPACE", "The first field follows whitespace", "RFC 9112 2.2"),
  obsoleteFold: new HttpFault(400, "ERR_HTTP_FOLD", "A field is continued on the next line", "RFC 9112 5.2"),
  fieldName: new HttpFault(400, "ERR_HTTP_FIELD_NAME", "The name of a field is not a token", "RFC 9110 5.1"),
  fieldNameEmpty: new HttpFault(400, "ERR_HTTP_FIELD_NAME_EMPTY", "A field has no name", "RFC 9110 5.1"),
  fieldNameSpace: new HttpFault(
    400,
    "ERR_HTTP_FIELD_NAME_SPACE",
    "Whitespace stands between the name of a field and the colon",
    "RFC 9112 5.1",
  ),
  fieldValue: new HttpFault(
    400,
    "ERR_HTTP_FIELD_VALUE",
    "The value of a field has a control character",
    "RFC 9110 5.5",
  ),

  host: new HttpFault(400, "ERR_HTTP_HOST", "The Host field is not a host with an optional port", "RFC 9112 3.2"),
  hostMissing: new HttpFault(400, "ERR_HTTP_HOST_MISSING", "The Host field is missing", "RFC 9112 3.2"),
  hostRepeated: new HttpFault(400, "ERR_HTTP_HOST_REPEATED", "The Host field is repeated", "RFC 9112 3.2"),
  contentLength: new HttpFault(
    400,
    "ERR_HTTP_CONTENT_LENGTH",
    "The Content-Length field is not one decimal number",
    "RFC 9110 8.6",
  ),
  contentLengthOverflow: new HttpFault(
    413,
    "ERR_HTTP_CONTENT_LENGTH_OVERFLOW",
    "The Content-Length field is more than 2^53 - 1",
    "RFC 9110 8.6",
  ),
  contentLengthRepeated: new HttpFault(
    400,
    "ERR_HTTP_CONTENT_LENGTH_REPEATED",
    "The Content-Length field is repeated",
    "RFC 9112 6.3",
  ),
  contentLengthAndTransferEncoding: new HttpFault(
    400,
    "ERR_HTTP_CONTENT_LENGTH_AND_TRANSFER_ENCODING",
    "Both Content-Length and Transfer-Encoding are present",
    "RFC 9112 6.3",
  ),
  transferEncoding: new HttpFault(
    400,
    "ERR_HTTP_TRANSFER_ENCODING",
    "The transfer coding is not chunked once and last",
    "RFC 9112 6.3",
  ),
  transferEncodingVersion: new HttpFault(
    400,
    "ERR_HTTP_TRANSFER_ENCODING_VERSION",
    "An HTTP/1.0 message has the Transfer-Encoding field",
    "RFC 9112 6.1",
  ),
  transferCoding: new HttpFault(
    501,
    "ERR_HTTP_TRANSFER_CODING",
    "A transfer coding other than chunked is not supported",
    "RFC 9112 6.1",
  ),
  connectBody: new HttpFault(400, "ERR_HTTP_CONNECT_BODY", "A CONNECT request has a body", "RFC 9110 9.3.6"),
  connectionOption: new HttpFault(
    400,
    "ERR_HTTP_CONNECTION_OPTION",
    "The Connection field is not a list of tokens",
    "RFC 9110 7.6.1",
  ),
  connectionOptionCount: new HttpFault(
    431,
    "ERR_HTTP_CONNECTION_OPTION_COUNT",
    "The Connection field has too many options",
    "RFC 6585 5",
  ),

  chunkSize: new HttpFault(400, "ERR_HTTP_CHUNK_SIZE", "The size of a chunk is malformed", "RFC 9112 7.1"),
  chunkSizeOverflow: new HttpFault(
    413,
    "ERR_HTTP_CHUNK_SIZE_OVERFLOW",
    "The size of a chunk is more than 2^53 - 1 or has more than 16 digits",
    "RFC 9112 7.1",
  ),
  chunkExtension: new HttpFault(400, "ERR_HTTP_CHUNK_EXTENSION", "A chunk extension is malformed", "RFC 9112 7.1.1"),
  chunkExtensionBytes: new HttpFault(
    413,
    "ERR_HTTP_CHUNK_EXTENSION_BYTES",
    "The chunk extensions of the body are too long",
    "RFC 9112 7.1.1",
  ),
  chunkEnd: new HttpFault(400, "ERR_HTTP_CHUNK_END", "The data of a chunk is not followed by CRLF", "RFC 9112 7.1"),
  trailerBytes: new HttpFault(431, "ERR_HTTP_TRAILER_BYTES", "The trailer section is too long", "RFC 6585 5"),
  trailerCount: new HttpFault(431, "ERR_HTTP_TRAILER_COUNT", "The trailer section has too many fields", "RFC 6585 5"),
  trailerField: new HttpFault(
    400,
    "ERR_HTTP_TRAILER_FIELD",
    "The trailer section has a field that belongs into the head",
    "RFC 9110 6.5.1",
  ),
};
