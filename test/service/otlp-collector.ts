import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Values of an attribute as OTLP carries them. */
export type AttributeValue = string | number | boolean | null;
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** One span as it arrived; ids in hex. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  /** 2: SERVER, 3: CLIENT. */
  readonly kind: number;
  readonly durationMs: number;
  readonly attributes: Attributes;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  /** 0: unset, 2: error. */
  readonly status: number;
}

/** One row of a histogram. */
export interface ReceivedPoint {
  readonly name: string;
  readonly unit: string;
  readonly count: number;
  readonly sum: number;
  readonly bounds: readonly number[];
  readonly attributes: Attributes;
}

type Field = bigint | Buffer;
type Message = ReadonlyMap<number, readonly Field[]>;

/** Reads one protobuf message without a schema: wire types 0 (varint), 1 (8 bytes), 2 (bytes), 5 (4 bytes). */
function readMessage(bytes: Buffer): Message {
  const fields = new Map<number, Field[]>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Buffer => bytes.subarray(at, (at += length));
  while (at < bytes.length) {
    const tag = Number(varint());
    const wire = tag & 7;
    const value = wire === 0 ? varint() : wire === 1 ? take(8) : wire === 5 ? take(4) : take(Number(varint()));
    const found = fields.get(tag >> 3) ?? [];
    found.push(value);
    fields.set(tag >> 3, found);
  }
  return fields;
}

const buffers = (message: Message, field: number): Buffer[] =>
  (message.get(field) ?? []).filter((one): one is Buffer => typeof one !== 'bigint');
const messages = (message: Message, field: number): Message[] => buffers(message, field).map(readMessage);
const bytesOf = (message: Message, field: number): Buffer => buffers(message, field)[0] ?? Buffer.alloc(0);
const text = (message: Message, field: number): string => bytesOf(message, field).toString('utf8');
const hex = (message: Message, field: number): string => bytesOf(message, field).toString('hex');
const number = (message: Message, field: number): number => {
  const value = message.get(field)?.[0];
  return typeof value === 'bigint' ? Number(value) : value ? Number(value.readBigUInt64LE()) : 0;
};
const double = (message: Message, field: number): number => buffers(message, field)[0]?.readDoubleLE() ?? 0;
const doubles = (message: Message, field: number): number[] => {
  const packed = bytesOf(message, field);
  return Array.from({ length: packed.length / 8 }, (_, index) => packed.readDoubleLE(index * 8));
};

function anyValue(value: Message | undefined): AttributeValue {
  if (value === undefined) return null;
  if (value.has(1)) return text(value, 1);
  if (value.has(2)) return number(value, 2) === 1;
  if (value.has(3)) return number(value, 3);
  return value.has(4) ? double(value, 4) : null;
}

const attributes = (message: Message, field: number): Attributes =>
  Object.fromEntries(messages(message, field).map((pair) => [text(pair, 1), anyValue(messages(pair, 2)[0])]));

const spanOf = (span: Message): ReceivedSpan => ({
  traceId: hex(span, 1),
  spanId: hex(span, 2),
  traceState: text(span, 3),
  parentSpanId: hex(span, 4),
  name: text(span, 5),
  kind: number(span, 6),
  durationMs: (number(span, 8) - number(span, 7)) / 1e6,
  attributes: attributes(span, 9),
  links: messages(span, 13).map((link) => ({ traceId: hex(link, 1), spanId: hex(link, 2) })),
  status: messages(span, 15).map((status) => number(status, 3))[0] ?? 0,
});

const pointsOf = (metric: Message): ReceivedPoint[] =>
  messages(metric, 9).flatMap((histogram) =>
    messages(histogram, 1).map((point) => ({
      name: text(metric, 1),
      unit: text(metric, 3),
      count: number(point, 4),
      sum: double(point, 5),
      bounds: doubles(point, 7),
      attributes: attributes(point, 9),
    })),
  );

/** A collector on loopback that takes OTLP over HTTP with protobuf and keeps what it got. */
export async function startCollector() {
  const spans: ReceivedSpan[] = [];
  const resources: Attributes[] = [];
  const requests: { path: string; headers: IncomingHttpHeaders; bytes: Buffer }[] = [];
  // Metrics are cumulative: the newest delivery says everything.
  let points: ReceivedPoint[] = [];
  const state = { status: 200 };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const bytes = Buffer.concat(chunks);
      requests.push({ path: request.url ?? '', headers: request.headers, bytes });
      if (state.status === 200) {
        for (const group of messages(readMessage(bytes), 1)) {
          resources.push(...messages(group, 1).map((resource) => attributes(resource, 1)));
          const scoped = messages(group, 2).flatMap((scope) => messages(scope, 2));
          if (request.url === '/v1/traces') spans.push(...scoped.map(spanOf));
          else points = scoped.flatMap(pointsOf);
        }
      }
      response.writeHead(state.status, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    resources,
    requests,
    points: () => points,
    /** The status of every following answer. */
    answer: (status: number) => (state.status = status),
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export type Collector = Awaited<ReturnType<typeof startCollector>>;
