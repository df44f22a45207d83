import { createReadStream } from 'node:fs';
import { mkdir, open, rename, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { ContentDigest } from './content-digest.js';
import { ExportedHeads, recordOfLine } from './export-lines.js';

const newline = 0x0a;

/** The growing file of one export. It has a name of its own until it is complete. */
export class ExportFile {
  #handle: FileHandle | undefined;
  #bytes = 0;
  #records = 0;
  #digest = new ContentDigest();
  #heads = new ExportedHeads();
  readonly #partial: string;

  constructor(
    private readonly dir: string,
    readonly name: string,
  ) {
    this.#partial = path.join(dir, `${name}.partial`);
  }

  get bytes(): number {
    return this.#bytes;
  }

  get records(): number {
    return this.#records;
  }

  get digest(): ContentDigest {
    return this.#digest;
  }

  get heads(): ExportedHeads {
    return this.#heads;
  }

  /** Whether the complete file is there: an earlier run was cut off after its last step. */
  async isComplete(): Promise<boolean> {
    return (await stat(path.join(this.dir, this.name)).catch(() => null)) !== null;
  }

  /**
   * Goes on with what an earlier run left, cut to `bytes`; reads it once for digest and heads.
   * @returns false if the file is not there or does not hold `records` whole records, and so was begun anew
   */
  async resume(bytes: number, records: number): Promise<boolean> {
    await mkdir(this.dir, { recursive: true, mode: 0o700 });
    const size = (await stat(this.#partial).catch(() => null))?.size ?? -1;
    if (size < bytes) return this.begin();
    this.#handle = await open(this.#partial, 'r+');
    await this.#handle.truncate(bytes);
    for await (const line of linesOf(this.#partial)) {
      const record = recordOfLine(line.toString('utf8'));
      if (!record) break;
      this.#account(line);
      this.#heads.add(record);
      this.#records += 1;
    }
    return this.#bytes === bytes && this.#records === records ? true : this.begin();
  }

  /** Begins an empty file. */
  async begin(): Promise<false> {
    await this.close();
    await mkdir(this.dir, { recursive: true, mode: 0o700 });
    this.#handle = await open(this.#partial, 'w', 0o600);
    this.#bytes = 0;
    this.#records = 0;
    this.#digest = new ContentDigest();
    this.#heads = new ExportedHeads();
    return false;
  }

  /** Appends whole lines, `records` of them events, and returns once they are on the disk. */
  async append(text: string, records: number): Promise<void> {
    if (!this.#handle) throw new Error('The export file is not open.');
    const bytes = Buffer.from(text, 'utf8');
    for (let done = 0; done < bytes.length;) {
      done += (await this.#handle.write(bytes, done, bytes.length - done, this.#bytes + done)).bytesWritten;
    }
    await this.#handle.datasync();
    this.#account(bytes);
    this.#records += records;
  }

  /** Gives the complete file its name. */
  async complete(): Promise<void> {
    await this.#handle?.sync();
    await this.close();
    await rename(this.#partial, path.join(this.dir, this.name));
    const folder = await open(this.dir, 'r');
    // Some file systems cannot sync a folder; the rename then is as durable as they make it.
    await folder.sync().catch(() => undefined);
    await folder.close();
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  #account(bytes: Buffer): void {
    this.#digest.update(bytes);
    this.#bytes += bytes.length;
  }
}

/**
 * The lines of a file one at a time, as bytes with their line break. (`node:readline` also breaks at U+2028 and U+2029,
 * which stand in JSON as they are.)
 */
export async function* linesOf(file: string): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      yield Buffer.concat([...parts, chunk.subarray(from, at + 1)]);
      parts = [];
      from = at + 1;
    }
    if (from < chunk.length) parts.push(chunk.subarray(from));
  }
  if (parts.length > 0) yield Buffer.concat(parts);
}
