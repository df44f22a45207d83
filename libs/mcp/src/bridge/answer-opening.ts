import { BytePile } from '#kernel';
import { JsonScanner, type JsonListener } from '../json/json-scanner.js';
import type { ReplyContext } from './reply-context.js';

/** Members that stand in finished results only; from so many bytes on that is evidence enough. */
const finished: ReadonlySet<string> = new Set(['content', 'structuredContent', 'contents', 'messages']);
/** A result whose type matters, and has not come, is held up to here before it is taken for a finished one. */
export const TYPE_WITHIN = 1024 ** 2;

/**
 * What the beginning of an answer says of the way it goes: `whole`, it has to be there as a whole; or as it comes, with
 * the type of its result where that matters.
 */
export type Opening = 'whole' | { readonly type: string | undefined };

/**
 * Reads the beginning of an answer until it is known whether it can be passed on as it comes: not errors, and for a legacy
 * client of a modern upstream not before the type of the result is known, since every other than `complete` is told in
 * other words.
 */
export class AnswerOpening implements JsonListener {
  #opening: Opening | null = null;
  readonly #scanner = new JsonScanner(this);
  readonly #typeMatters: boolean;
  readonly #read = new BytePile();
  #length = 0;
  /** Objects that are read: 1 the answer, 2 its result. */
  #depth = 0;
  #inValue = false;
  #typeFrom = -1;
  #seemsFinished = false;

  constructor(private readonly context: ReplyContext) {
    const { clientEra, method, upstreamEra } = context;
    this.#typeMatters = clientEra === 'LEGACY' && upstreamEra === 'MODERN';
    // The other era may have no words for a tool.
    if (method === 'tools/list' && clientEra !== upstreamEra) this.#opening = 'whole';
  }

  /** Null: not known yet. Throws JsonFault. */
  push(chunk: Buffer): Opening | null {
    if (this.#opening !== null) return this.#opening;
    this.#read.push(chunk);
    this.#scanner.push(chunk);
    this.#length += chunk.length;
    if (this.#opening === null && this.#seemsFinished && this.#length > TYPE_WITHIN)
      this.#opening = { type: undefined };
    if (this.#opening !== null) this.#read.clear();
    return this.#opening;
  }

  begin(first: number, key: string | null, at: number): boolean {
    const enters = this.#enters(first, key, at);
    this.#inValue = !enters;
    if (enters) this.#depth++;
    return enters;
  }

  end(at: number): void {
    if (!this.#inValue) {
      this.#depth--;
      // A result that has ended without a type, and the rest of the answer, are there as good as whole.
      this.#decide('whole');
    } else if (this.#typeFrom !== -1 && this.#opening === null) this.#decideByType(this.#length + at);
    this.#inValue = false;
  }

  #enters(first: number, key: string | null, at: number): boolean {
    if (this.#depth === 0 || this.#opening !== null) return this.#opening === null && first === 123;
    if (this.#depth === 1) {
      if (key === 'result' && first === 123 && !this.#typeMatters) this.#decide({ type: undefined });
      if (key === 'error' || (key === 'result' && first !== 123)) this.#decide('whole');
      return key === 'result' && this.#opening === null;
    }
    if (key === 'resultType') this.#typeFrom = this.#length + at;
    this.#seemsFinished ||= key !== null && finished.has(key);
    return false;
  }

  #decideByType(end: number): void {
    const type: unknown = JSON.parse(this.#read.take().toString('utf8', this.#typeFrom, end));
    const passes = type === 'complete' || (type === 'task' && this.context.takesTasks === true);
    this.#decide(passes ? { type } : 'whole');
  }

  #decide(opening: Opening): void {
    this.#opening ??= opening;
  }
}
