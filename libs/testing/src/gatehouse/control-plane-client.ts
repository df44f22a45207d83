/** One answer of the GraphQL API. */
export interface GraphqlAnswer {
  readonly status: number;
  // The shape depends on the query; tests look into it.
  readonly data: Record<string, never> | null;
  readonly errors: readonly {
    message: string;
    path?: readonly string[];
    extensions: { code: string; correlationId?: string };
  }[];
  readonly headers: Headers;
}

/** Sends GraphQL documents as one caller. */
export class ControlPlaneClient {
  constructor(
    private readonly origin: string,
    private readonly headers: Readonly<Record<string, string>> = {},
  ) {}

  /** The same control plane, called with a bearer token. */
  withToken(token: string): ControlPlaneClient {
    return new ControlPlaneClient(this.origin, { authorization: `Bearer ${token}` });
  }

  /** Sends one document. */
  async send(query: string, variables: object = {}, headers: Record<string, string> = {}): Promise<GraphqlAnswer> {
    const response = await fetch(`${this.origin}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...this.headers, ...headers },
      body: JSON.stringify({ query, variables }),
    });
    const body = (await response.json()) as Partial<GraphqlAnswer>;
    return { status: response.status, data: body.data ?? null, errors: body.errors ?? [], headers: response.headers };
  }

  /**
   * Runs a mutation `name(input)` that must succeed, and returns its payload.
   * @param selection what to select of the payload besides `userErrors`
   */
  async mutate<T>(name: string, inputType: string, input: object, selection: string): Promise<T> {
    const answer = await this.send(
      `mutation ($input: ${inputType}!) { ${name}(input: $input) { ${selection} userErrors { field code message } } }`,
      { input },
    );
    const payload = (answer.data as Record<string, { userErrors: unknown[] }> | null)?.[name];
    if (answer.errors.length > 0 || !payload || payload.userErrors.length > 0)
      throw new Error(`${name} failed: ${JSON.stringify(answer.errors.length > 0 ? answer.errors : payload)}`);
    return payload as T;
  }
}
