package io.warmpath.relay.tls;

import com.google.errorprone.annotations.Var;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads a private key in PEM form: PKCS #8, and the older forms of RSA and EC keys. */
final class PemKey {

  /*
   * The JDK reads PKCS #8 only, but OpenSSL and certificate managers still write "RSA PRIVATE KEY"
   * [1] and "EC PRIVATE KEY" [2]. PKCS #8 [3] is these same bytes in an envelope that names the
   * algorithm, and the certificate's public key begins with just that name [4]:
   *
   *   PrivateKeyInfo       ::= SEQUENCE { version 0, AlgorithmIdentifier, OCTET STRING key }
   *   SubjectPublicKeyInfo ::= SEQUENCE { AlgorithmIdentifier, BIT STRING key }
   *
   * [1] RFC 8017 A.1.2. [2] RFC 5915. [3] RFC 5208. [4] RFC 5280 4.1.
   */
  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----([^-]*)-----END \\1-----");
  private static final byte[] VERSION_0 = {0x02, 0x01, 0x00};
  private static final int SEQUENCE = 0x30;
  private static final int OCTET_STRING = 0x04;

  private PemKey() {}

  /**
   * Returns the private key in {@code text}.
   *
   * @param publicKey what it belongs to
   * @param file where the text is from
   * @throws IOException when there is no such key, in one sentence
   */
  static PrivateKey parse(String text, PublicKey publicKey, Path file) throws IOException {
    if (text.contains("ENCRYPTED")) {
      throw new IOException(file + " is encrypted; give a private key without a password");
    }
    Matcher block = BLOCK.matcher(text);
    if (!block.find()) {
      throw new IOException(file + " has no private key in PEM form");
    }
    try {
      byte[] der = Base64.getMimeDecoder().decode(block.group(2));
      boolean bare = !block.group(1).equals("PRIVATE KEY");
      byte[] pkcs8 = bare ? pkcs8(der, publicKey) : der;
      return KeyFactory.getInstance(publicKey.getAlgorithm())
          .generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
    } catch (GeneralSecurityException | IllegalArgumentException unfit) {
      throw new IOException(
          file + " has no private key that fits the certificate's " + publicKey.getAlgorithm(),
          unfit);
    }
  }

  private static byte[] pkcs8(byte[] key, PublicKey publicKey) {
    byte[] octets = element(OCTET_STRING, key);
    return element(SEQUENCE, VERSION_0, algorithm(publicKey), octets);
  }

  /** The first element of the public key's sequence, its header included. */
  private static byte[] algorithm(PublicKey publicKey) {
    ByteBuffer whole = ByteBuffer.wrap(publicKey.getEncoded());
    skipHeader(whole);
    int start = whole.position();
    int length = skipHeader(whole);
    byte[] algorithm = new byte[whole.position() + length - start];
    whole.get(start, algorithm);
    return algorithm;
  }

  /** Goes on to the content of the element that begins here; returns the content's length. */
  private static int skipHeader(ByteBuffer der) {
    der.get();
    int first = der.get() & 0xff;
    if (first < 0x80) {
      return first;
    }
    @Var int length = 0;
    for (@Var int i = first & 0x7f; i > 0; i--) {
      length = (length << 8) | (der.get() & 0xff);
    }
    return length;
  }

  private static byte[] element(int tag, byte[]... parts) {
    @Var int length = 0;
    for (byte[] part : parts) {
      length += part.length;
    }
    ByteBuffer der = ByteBuffer.allocate(6 + length);
    der.put((byte) tag).put((byte) 0x84).putInt(length); // The long form is allowed for any.
    for (byte[] part : parts) {
      der.put(part);
    }
    return der.array();
  }
}
