#!/usr/bin/env bash
# Writes the root of the image that holds no Warmpath yet: a Java runtime of the modules it needs, the
# C library that the runtime was linked against, and the few files a process without a distribution
# expects. Usage: runtime.sh DIRECTORY; JAVA_HOME names the JDK 25.
set -euo pipefail

root=$1
java=${JAVA_HOME:?name a JDK 25}
modules=java.base,java.instrument,java.logging,java.management,java.naming,java.net.http
modules+=,java.security.jgss,java.security.sasl,java.sql,java.xml
modules+=,jdk.crypto.ec,jdk.httpserver,jdk.jfr,jdk.management,jdk.unsupported,jdk.zipfs

rm -rf "$root"
mkdir -p "$root/opt" "$root/etc" "$root/tmp" "$root/data"
"$java/bin/jlink" --add-modules "$modules" --strip-debug --no-header-files --no-man-pages \
  --compress=zip-0 --output "$root/opt/java"
# The archive of the runtime's own classes halves the start-up; jlink makes none for these headers.
"$root/opt/java/bin/java" -XX:+UseCompactObjectHeaders -XX:+UseG1GC -Xshare:dump >/dev/null

# What the runtime's own libraries need of the system, and what is loaded by name.
find "$root/opt/java" -type f \( -name java -o -name '*.so' \) -exec ldd {} + 2>/dev/null |
  awk '$2 == "=>" && $3 ~ /^\// {print $3} $1 ~ /^\/.*ld-linux/ {print $1}' | sort -u |
  grep -v "^$root/" >"$root/libraries"
# The last two are what the native library of tokenizers needs, which is in a jar.
for name in libnss_dns.so.2 libnss_files.so.2 libresolv.so.2 libstdc++.so.6 libgcc_s.so.1; do
  find /lib /usr/lib -name "$name" -path "*$(uname -m)*" 2>/dev/null | head -n 1 >>"$root/libraries"
done
while read -r library; do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done < <(sort -u "$root/libraries")
rm "$root/libraries"

echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
echo 'warmpath:x:65532:65532:warmpath:/tmp:/sbin/nologin' >"$root/etc/passwd"
echo 'warmpath:x:65532:' >"$root/etc/group"
touch "$root/tmp/.keep" "$root/data/.keep"
