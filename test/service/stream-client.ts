import { request, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';

type Json = Record<string, unknown>;

/** One event of a stream, as it came. */
export interface StreamEvent {
  readonly id?: string;
  readonly event?: string;
  readonly retry?: string;
  readonly data?: string;
}

/** An answer that is read as it comes. */
export class StreamClient {
  readonly events: StreamEvent[] = [];
  comments = 0;
  /** `end`: in good order; `cut`: the connection broke. */
  over: 'end' | 'cut' | null = null;
  #text = '';
  #taken = 0;
  #wake: (() => void)[] = [];

  constructor(
    private readonly sent: ClientRequest,
    readonly response: IncomingMessage,
  ) {
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.#read(text));
    response.on('end', () => this.#end('end'));
    response.on('error', () => this.#end('cut'));
    response.on('close', () => this.#end('cut'));
  }

  get status(): number {
    return this.response.statusCode ?? 0;
  }

  get headers(): IncomingHttpHeaders {
    return this.response.headers;
  }

  /** What was read and is no whole event: the body, where the answer is no stream. */
  get text(): string {
    return this.#text;
  }

  /** The next event with these members; fails when the answer ends first. */
  async next(): Promise<StreamEvent> {
    for (;;) {
      const event = this.events[this.#taken];
      if (event !== undefined) {
        this.#taken++;
        return event;
      }
      if (this.over !== null) throw new Error(`the stream is over (${this.over}) after ${this.#taken} events`);
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  /** The next message; events without data are passed over. */
  async message(): Promise<Json> {
    for (;;) {
      const { data } = await this.next();
      if (data) return JSON.parse(data) as Json;
    }
  }

  /** Waits for the end, and says how it came. */
  async ended(): Promise<'end' | 'cut'> {
    while (this.over === null) await new Promise<void>((resolve) => this.#wake.push(resolve));
    return this.over;
  }

  /** Closes the connection, whatever is still to come. */
  leave(): void {
    this.sent.destroy();
  }

  #end(how: 'end' | 'cut'): void {
    this.over ??= how;
    for (const wake of this.#wake.splice(0)) wake();
  }

  #read(text: string): void {
    this.#text += text;
    if (!String(this.headers['content-type']).startsWith('text/event-stream')) return;
    const blocks = this.#text.split('\n\n');
    this.#text = blocks.pop() ?? '';
    for (const block of blocks) {
      const lines = block.split('\n');
      if (lines.every((line) => line.startsWith(':'))) {
        this.comments++;
        continue;
      }
      const event: Record<string, string> = {};
      for (const line of lines) {
        const [, name = '', value = ''] = /^([a-z]+): ?(.*)$/.exec(line) ?? [];
        event[name] = name in event ? `${event[name] ?? ''}\n${value}` : value;
      }
      this.events.push(event);
    }
    for (const wake of this.#wake.splice(0)) wake();
  }
}

/** Sends a request over a connection of its own, and hands out the answer when its head is there. */
export const openRequest = (
  port: number,
  options: { method?: string; path: string; headers?: Record<string, string | undefined>; body?: unknown },
): Promise<StreamClient> =>
  new Promise((resolve, reject) => {
    const { method = 'POST', path, headers = {}, body } = options;
    const all: Record<string, string | undefined> = {
      accept: 'application/json, text/event-stream',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    };
    const given = Object.fromEntries(Object.entries(all).filter((entry) => entry[1] !== undefined));
    const sent = request({ host: '127.0.0.1', port, method, path, headers: given, agent: false }, (response) =>
      resolve(new StreamClient(sent, response)),
    );
    sent.on('error', reject);
    sent.end(body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body));
  });
