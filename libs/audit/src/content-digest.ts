import { sha256Hex } from '#crypto';

const blockSize = 1024 * 1024;

/**
 * Digest of a file of any size, fed in pieces: SHA-256 over the hexadecimal SHA-256 digests of its consecutive blocks of
 * one mebibyte, so that it needs no more memory than one block. With standard tools:
 * `split -b 1M --filter=sha256sum FILE | cut -c1-64 | tr -d '\n' | sha256sum`.
 */
export class ContentDigest {
  readonly #block = Buffer.alloc(blockSize);
  #filled = 0;
  #digests = '';

  /** Adds the next bytes. */
  update(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const piece = bytes.subarray(at, at + blockSize - this.#filled);
      this.#block.set(piece, this.#filled);
      this.#filled += piece.length;
      at += piece.length;
      if (this.#filled === blockSize) {
        this.#digests += sha256Hex(this.#block);
        this.#filled = 0;
      }
    }
  }

  /** The digest of everything so far, 64 hexadecimal digits. */
  hex(): string {
    const rest = this.#filled > 0 ? sha256Hex(this.#block.subarray(0, this.#filled)) : '';
    return sha256Hex(this.#digests + rest);
  }
}
