/** One behaviour that the product promises. A test proves it by carrying `[id]` in its name. */
export interface Requirement {
  readonly id: string;
  /** Where the promise comes from: a section of the plan, a capability id, or the address of a specification. */
  readonly source: string;
  readonly behaviour: string;
}

/** A page of the specification. */
export const mcp = (page: string) => `https://modelcontextprotocol.io/specification/${page}`;
/** Requirements of one source. */
export const from =
  (source: string) =>
  (id: string, behaviour: string, other = source): Requirement => ({ id, source: other, behaviour });
