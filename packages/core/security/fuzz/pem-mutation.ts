import fc from 'fast-check'

/** One change of DER bytes. */
type ByteChange = (bytes: Buffer) => Buffer

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })

const byteChange: fc.Arbitrary<ByteChange> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(place, fc.nat(255)).map(
      ([at, byte]): ByteChange =>
        (der) =>
          put(der, at, 1, [byte]),
    ),
  },
  fc.tuple(place, fc.array(fc.nat(255), { maxLength: 4 })).map(
    ([at, bytes]): ByteChange =>
      (der) =>
        put(der, at, 0, bytes),
  ),
  fc.tuple(place, fc.integer({ min: 1, max: 8 })).map(
    ([at, count]): ByteChange =>
      (der) =>
        put(der, at, count, []),
  ),
  place.map(
    (at): ByteChange =>
      (der) =>
        der.subarray(0, Math.floor(at * der.length)),
  ),
  // Lengths: of none, of more than there is, and without an end.
  fc.tuple(place, fc.constantFrom([0x80], [0x84, 0xff, 0xff, 0xff, 0xff], [0x00], [0xff])).map(
    ([at, length]): ByteChange =>
      (der) =>
        put(der, at, 1, length),
  ),
  // Dates: UTCTime and GeneralizedTime are digits.
  fc.tuple(fc.nat(), fc.constantFrom(0x00, 0x20, 0x2d, 0x39, 0x41, 0x5a)).map(
    ([nth, byte]): ByteChange =>
      (der) =>
        putInDate(der, nth, byte),
  ),
)

function put(der: Buffer, at: number, count: number, added: readonly number[]): Buffer {
  const index = Math.floor(at * der.length)
  return Buffer.concat([der.subarray(0, index), Buffer.from(added), der.subarray(index + count)])
}

/** A run of digits that ends with Z is a date. */
function putInDate(der: Buffer, nth: number, byte: number): Buffer {
  const dates = [...der.toString('latin1').matchAll(/\d{12,14}Z/g)]
  const date = dates[nth % (dates.length || 1)]
  if (!date) return der
  const copy = Buffer.from(der)
  copy[date.index + (Math.floor(nth / 2) % date[0].length)] = byte
  return copy
}

/** One change of PEM text. */
type TextChange = (pem: string) => string

const textChange: fc.Arbitrary<TextChange> = fc.oneof(
  fc.constantFrom<TextChange[]>(
    (pem) => pem.replaceAll('\n', '\r\n'),
    (pem) => pem.replaceAll('\n', '\\n'),
    (pem) => pem.replaceAll('\n', ''),
    (pem) => pem.replace(/-----[^-]+-----/g, ''),
    (pem) => pem.replace('-----END', '----END'),
    (pem) => pem.replace(/PUBLIC KEY/g, 'RSA PUBLIC KEY'),
    (pem) => pem.replace(/PUBLIC KEY|CERTIFICATE/g, 'PRIVATE KEY'),
    (pem) => pem.replace(/CERTIFICATE/g, 'TRUSTED CERTIFICATE'),
    (pem) => `${pem}\n${pem}`,
    (pem) => ` \ufeff${pem}\n\n# a comment`,
    (pem) => pem.slice(0, -30),
    (pem) => pem.replace(/-----BEGIN [^-]+-----/, '$&\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n'),
  ),
  fc.tuple(place, fc.string({ unit: 'binary', maxLength: 3 })).map(
    ([at, text]): TextChange =>
      (pem) => {
        const index = Math.floor(at * pem.length)
        return pem.slice(0, index) + text + pem.slice(index + 1)
      },
  ),
)

const BLOCK = /^-----BEGIN ([^-]+)-----([^-]+)-----END [^-]+-----\s*$/

/** PEM with changes of its bytes, of its text, or of both. */
export function alteredPem(pem: string): fc.Arbitrary<string> {
  const [, label = '', base64 = ''] = BLOCK.exec(pem) ?? []
  const der = Buffer.from(base64, 'base64')
  return fc
    .tuple(fc.array(byteChange, { maxLength: 3 }), fc.array(textChange, { maxLength: 2 }))
    .map(([bytes, texts]) => {
      const changed = bytes.reduce<Buffer>((now, change) => change(now), der)
      const lines = changed.toString('base64').match(/.{1,64}/g) ?? []
      const again = [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
      return texts.reduce((now, change) => change(now), again)
    })
}
