// A request that the vendor would answer with an error. The dialect gives it the vendor's shape.

export class Refusal extends Error {
  constructor(status, message, { param = null, code = null, headers = {} } = {}) {
    super(message);
    this.status = status;
    this.param = param;
    this.code = code;
    this.headers = headers;
  }
}

/** A request is invalid: 400 with the vendor's words. */
export function invalid(message, param = null, code = null) {
  throw new Refusal(400, message, { param, code });
}
