package io.warmpath.relay.tls;

import com.google.errorprone.annotations.Var;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One side's certificate, key and trust, checked: the key is the certificate's, and the certificate
 * is valid now.
 *
 * @param chain own certificate first; empty for none
 * @param key its private key, null for none
 * @param authorities who may have signed the other side's certificate; empty when it needs none
 */
record Credentials(
    @Var List<X509Certificate> chain,
    @Nullable PrivateKey key,
    @Var List<X509Certificate> authorities) {

  private static final byte[] PROBE = "warmpath".getBytes(StandardCharsets.US_ASCII);

  Credentials {
    chain = List.copyOf(chain);
    authorities = List.copyOf(authorities);
  }

  /**
   * Reads the credentials in {@code texts}.
   *
   * @param settings the files that the texts are from
   * @throws IOException when they cannot be used, in one sentence that names the file
   */
  static Credentials parse(TlsSettings settings, PemTexts texts, Instant now) throws IOException {
    List<X509Certificate> authorities = certificates(settings.authorities(), texts.authorities());
    List<X509Certificate> chain = certificates(settings.certificate(), texts.certificate());
    Path keyFile = settings.key();
    if (chain.isEmpty() || keyFile == null) {
      return new Credentials(List.of(), null, authorities);
    }
    X509Certificate own = chain.getFirst();
    checkValid(own, settings.certificate(), now);
    PublicKey publicKey = own.getPublicKey();
    String text = present(keyFile, texts.key());
    PrivateKey key = PemKey.parse(text, publicKey, keyFile);
    if (!belongTogether(key, publicKey)) {
      throw new IOException(
          keyFile + " is not the key of the certificate in " + settings.certificate());
    }
    return new Credentials(chain, key, authorities);
  }

  private static List<X509Certificate> certificates(@Nullable Path file, @Nullable String text)
      throws IOException {
    if (file == null) {
      return List.of();
    }
    byte[] bytes = present(file, text).getBytes(StandardCharsets.ISO_8859_1);
    @Var List<X509Certificate> certificates = List.of();
    @Var
    @Nullable CertificateException malformed = null;
    try {
      certificates =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(new ByteArrayInputStream(bytes))
              .stream()
              .map(X509Certificate.class::cast)
              .toList();
    } catch (CertificateException noCertificate) {
      malformed = noCertificate;
    }
    if (certificates.isEmpty()) {
      throw new IOException(file + " has no certificate in PEM form", malformed);
    }
    return certificates;
  }

  private static String present(Path file, @Nullable String text) throws IOException {
    if (text == null) {
      throw new IOException(file + " cannot be read, or has more than 1 MiB");
    }
    return text;
  }

  private static void checkValid(X509Certificate own, @Nullable Path file, Instant now)
      throws IOException {
    try {
      own.checkValidity(Date.from(now));
    } catch (CertificateExpiredException expired) {
      throw new IOException(
          "the certificate in " + file + " expired at " + own.getNotAfter().toInstant(), expired);
    } catch (CertificateNotYetValidException early) {
      throw new IOException(
          "the certificate in " + file + " is valid from " + own.getNotBefore().toInstant() + " on",
          early);
    }
  }

  /** Whether what one key signs the other verifies. */
  private static boolean belongTogether(PrivateKey key, PublicKey publicKey) throws IOException {
    String algorithm =
        switch (publicKey.getAlgorithm()) {
          case "RSA" -> "SHA256withRSA";
          case "EC" -> "SHA256withECDSA";
          case "EdDSA" -> "EdDSA";
          default ->
              throw new IOException(
                  "the certificate's key is of " + publicKey.getAlgorithm() + "; use RSA or EC");
        };
    try {
      Signature signature = Signature.getInstance(algorithm);
      signature.initSign(key);
      signature.update(PROBE);
      byte[] signed = signature.sign();
      signature.initVerify(publicKey);
      signature.update(PROBE);
      return signature.verify(signed);
    } catch (GeneralSecurityException differ) {
      return false;
    }
  }
}
