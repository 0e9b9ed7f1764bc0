package io.warmpath.router;

import com.google.errorprone.annotations.Var;
import io.warmpath.relay.tls.TlsSettings;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who may use the front doors.
 *
 * @param tls TLS of both doors, or null for none
 * @param tenants who needs a key and has one, names and keys distinct; empty when no key is needed
 */
public record Access(@Nullable TlsSettings tls, @Var List<Tenant> tenants) {

  /** Everybody, without TLS and without keys. */
  public static final Access OPEN = new Access(null, List.of());

  public Access {
    tenants = List.copyOf(tenants);
    Set<String> names = new HashSet<>();
    Set<String> hashes = new HashSet<>();
    for (Tenant tenant : tenants) {
      if (!names.add(tenant.name())) {
        throw new IllegalArgumentException("tenant " + tenant.name() + " is there twice");
      }
      for (String hash : tenant.keyHashes()) {
        if (!hashes.add(hash)) {
          throw new IllegalArgumentException(
              "a key of tenant " + tenant.name() + " is another tenant's, too");
        }
      }
    }
  }

  /** Returns the same with other tenants. */
  Access withTenants(List<Tenant> newTenants) {
    return new Access(tls, newTenants);
  }
}
