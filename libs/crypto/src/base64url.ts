/** The bytes of an unpadded base64url text, or `null` if it is anything but the one canonical spelling of them. */
export function decodeBase64url(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64url');
  // Node skips what it does not know and ignores spare bits; two spellings of one value would defeat look-ups by text.
  return bytes.toString('base64url') === text ? bytes : null;
}
