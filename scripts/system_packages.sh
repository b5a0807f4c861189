# Sourced by setup.sh: installs Debian packages when it may, else names them and says what is skipped without them.

become_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif sudo -n true 2>/dev/null; then sudo -n "$@"; else return 1; fi
}

install_packages() {
  command -v apt-get >/dev/null && become_root true || return 1
  printf 'usager: installing the system packages %s\n' "$*" >&2
  become_root env DEBIAN_FRONTEND=noninteractive sh -c \
    "apt-get install -qq -y --no-install-recommends $* || { apt-get update -qq && apt-get install -qq -y --no-install-recommends $*; }" \
    >/dev/null 2>&1
}

# Our tests start their own cluster: Debian's package must not start one of its own beside it.
without_main_cluster() {
  install_packages postgresql-common || return 1
  [ -n "$(ls /etc/postgresql 2>/dev/null)" ] && return
  become_root sed -ri 's/^#?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
}

# Likewise: Debian's Dovecot must not listen on this machine.
without_mail_service() {
  ! command -v systemctl >/dev/null || become_root systemctl --quiet mask dovecot.service dovecot.socket 2>/dev/null || true
  install_packages dovecot-imapd dovecot-submissiond
}

has_library() { ldconfig -p 2>/dev/null | grep -q "$1"; }

# Without its subset library HarfBuzz is replaced by Python when a PDF gets its fonts: twice the time.
add_run_packages() {
  [ "$(uname)" = Linux ] || return 0
  has_library libpangoft2-1.0 && has_library libharfbuzz-subset && return
  install_packages libpangoft2-1.0-0 libharfbuzz-subset0 || skipped "libpangoft2-1.0-0 libharfbuzz-subset0" "documents as PDF, and their tests"
}

add_test_packages() {
  if [ ! -e /usr/share/java/preflight.jar ] || ! command -v java >/dev/null; then
    install_packages libpdfbox2-java libactivation-java libjaxb-api-java default-jre-headless \
      || skipped "libpdfbox2-java libactivation-java libjaxb-api-java default-jre-headless" "the check of PDF/A-1b by PDFBox Preflight"
  fi
  if ! ls -d /usr/lib/postgresql/*/bin >/dev/null 2>&1; then
    { without_main_cluster && install_packages postgresql; } \
      || skipped "postgresql" "the tests that run on the distribution's PostgreSQL besides the embedded one"
  fi
  if [ ! -x /usr/lib/dovecot/imap-login ] || [ ! -x /usr/lib/dovecot/submission-login ]; then
    without_mail_service || skipped "dovecot-imapd dovecot-submissiond" "the tests with an operator of MSSanté"
  fi
  if ! command -v curl >/dev/null; then
    install_packages curl || skipped "curl" "the test that runs the exchange of the README"
  fi
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    install_packages nodejs npm || skipped "nodejs npm" "the tests with a JavaScript FHIR client"
  fi
}

skipped() { printf 'usager: without the system package(s) %s, these are skipped: %s\n' "$1" "$2" >&2; }
