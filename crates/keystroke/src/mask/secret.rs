//! Keys, tokens and passwords.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::Draft;
use super::normal::pattern;
use quarry_domain::SECRET_LABEL;

/// The keys of vendors, by their prefixes; `{n,}` is also the length from which a half-typed one counts.
const VENDOR_KEYS: &[&str] = &[
    // Forges and registries.
    r"gh[pousr]_[A-Za-z0-9]{10,}",
    r"github_pat_[A-Za-z0-9_]{10,}",
    r"gl(?:pat|ptt|dt|rt|rtr|cbt|agent|ft|imt|oas|soat|ffct)-[A-Za-z0-9_\-]{10,}",
    r"ATATT3[A-Za-z0-9_\-=]{10,}|ATBB[A-Za-z0-9]{16,}",
    r"npm_[A-Za-z0-9]{16,}",
    r"pypi-[A-Za-z0-9_\-]{16,}",
    r"rubygems_[0-9a-f]{16,}",
    r"cio[A-Za-z0-9]{32}",
    r"oy2[a-z0-9]{43}",
    r"dckr_(?:pat|oat)_[A-Za-z0-9_\-]{10,}",
    // Clouds.
    r"(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA|AGPA|AIPA|ANPA|ANVA)[A-Z0-9]{8,}",
    r"AIza[A-Za-z0-9_\-]{16,}|ya29\.[A-Za-z0-9_\-]{10,}|GOCSPX-[A-Za-z0-9_\-]{10,}|1//0[A-Za-z0-9_\-]{20,}",
    r"do[opr]_v1_[a-f0-9]{16,}",
    r"[A-Za-z0-9_~.]{3}[78]Q~[A-Za-z0-9_~.\-]{20,}",
    r"LTAI[A-Za-z0-9]{12,}|AKID[A-Za-z0-9]{12,}",
    r"hv[sbr]\.[A-Za-z0-9_\-]{16,}",
    r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_\-=]{10,}",
    r"dapi[0-9a-f]{32}",
    r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.\-]{10,}|sbp_[a-f0-9]{16,}|sb_(?:secret|publishable)_[A-Za-z0-9_\-]{10,}",
    r"fo1_[A-Za-z0-9_\-]{16,}|nfp_[A-Za-z0-9]{16,}|HRKU-[A-Za-z0-9_\-]{16,}|vc[kpsi]_[A-Za-z0-9]{16,}",
    r"dp\.(?:pt|st|sa|ct|scim|audit)\.[A-Za-z0-9_.\-]{16,}",
    // Payments and shops.
    r"(?:sk|pk|rk)_(?:live|test|prod)_[A-Za-z0-9]{6,}|whsec_[A-Za-z0-9+/=]{10,}",
    r"shp(?:at|ca|pa|ss|tka)_[A-Fa-f0-9]{10,}",
    r"sq0(?:atp|csp|idp)-[A-Za-z0-9_\-]{10,}|EAAA[A-Za-z0-9_\-]{20,}",
    r"rzp_(?:live|test)_[A-Za-z0-9]{8,}|FLWSECK(?:_TEST)?-[A-Za-z0-9\-]{10,}|shippo_(?:live|test)_[0-9a-f]{10,}|EZ[AT]K[A-Za-z0-9]{20,}",
    r"access_token\$(?:production|sandbox)\$[a-z0-9]+\$[a-f0-9]+",
    r"access-(?:sandbox|development|production)-[0-9a-f\-]{16,}",
    // Messages.
    r"xox[abeoprs]-[A-Za-z0-9\-]{8,}|xapp-[A-Za-z0-9\-]{8,}|xwfp-[A-Za-z0-9\-]{8,}",
    r"hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/]{8,}|discord(?:app)?\.com/api/webhooks/[A-Za-z0-9/_\-]{8,}",
    r"SG\.[A-Za-z0-9_\-]{10,}(?:\.[A-Za-z0-9_\-]{10,})?",
    r"key-[0-9a-f]{32}|[0-9a-f]{32}-us[0-9]{1,2}|(?:AC|SK)[0-9a-f]{32}|xkeysib-[0-9a-f]{16,}[A-Za-z0-9\-]*",
    r"[0-9]{8,10}:AA[A-Za-z0-9_\-]{30,}",
    r"[MNO][A-Za-z0-9_\-]{23,27}\.[A-Za-z0-9_\-]{6,7}\.[A-Za-z0-9_\-]{27,}",
    // Models.
    r"sk-(?:proj|svcacct|admin|ant|or|lf)-[A-Za-z0-9_\-]{8,}|sk-[A-Za-z0-9]{20,}",
    r"hf_[A-Za-z0-9]{16,}|r8_[A-Za-z0-9]{16,}|gsk_[A-Za-z0-9]{16,}|xai-[A-Za-z0-9]{16,}|pplx-[A-Za-z0-9]{16,}|tvly-[A-Za-z0-9]{16,}",
    // Tools.
    r"lin_(?:api|oauth)_[A-Za-z0-9]{10,}|ntn_[A-Za-z0-9]{16,}|secret_[A-Za-z0-9]{32,}|figd_[A-Za-z0-9_\-]{10,}",
    r"pat[A-Za-z0-9]{14}\.[0-9a-f]{16,}|PMAK-[0-9a-f]{10,}[0-9a-f\-]*|phc_[A-Za-z0-9]{16,}|phx_[A-Za-z0-9]{16,}",
    r"gl(?:c|sa)_[A-Za-z0-9+/=_]{16,}|NR(?:AK|JS|II|RA|SP|IQ)-[A-Za-z0-9\-]{10,}|sntr[yus]{1,2}_[A-Za-z0-9_+/=]{16,}",
    r"EAA[A-Za-z0-9]{30,}|IGQV[A-Za-z0-9_\-]{20,}|sl\.[A-Za-z0-9_\-]{40,}|aio_[A-Za-z0-9]{20,}",
    r"AGE-SECRET-KEY-1[A-Z0-9]{10,}|ops_eyJ[A-Za-z0-9_\-]{10,}|[ps]k\.eyJ[A-Za-z0-9_\-.]{10,}",
    r"qk_[A-Za-z0-9_\-]{16,}",
];

static VENDORS: LazyLock<Regex> = LazyLock::new(|| {
    // JSON Web Tokens, also half-typed; private keys.
    let general = r"eyJ[A-Za-z0-9_\-]{12,}(?:\.[A-Za-z0-9_\-]*){0,4}\
                    |-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?s:.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|$)"
        .replace("\\\n                    ", "");
    let vendors = VENDOR_KEYS.join("|");
    pattern(&format!("(?:^|[^A-Za-z0-9_])({general}|{vendors})"))
});

/// Named values: `token=…`, `password: …`, `Authorization: Bearer …`.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    let names = "(?:[a-z0-9]+[_.-])*(?:[a-z]*token|[a-z]*secret|pass(?:word|wd|phrase|code)?|passwort|kennwort|pwd|contraseña|\
                 senha|mot de passe|пароль|api[_-]?key|apikey|access[_-]?key|private[_-]?key|client[_-]?key|auth(?:orization)?|\
                 session[_-]?id|sessid|phpsessid|jsessionid|sid|jwt|signature|credentials?|otp|x-amz-(?:signature|credential|security-token))";
    pattern(&format!(
        "(?i)(?:^|[^\\p{{L}}\\p{{N}}])(?:{names}[\"']?\\s?(?:=|%3d)\\s?[\"']?([^\\s&\"'#;,\\[\\]\\x1a]{{4,}})\
         |{names}[\"']?\\s?[:：]\\s?[\"']?([^\\s&\"'#;,\\[\\]\\x1a]*[0-9$!%*@^_+/=-][^\\s&\"'#;,\\[\\]\\x1a]*)\
         |(?:bearer|basic|token)\\s+([A-Za-z0-9+/_.~=-]{{16,}})\
         |[a-z][a-z0-9+.-]*://([^\\s/:@]*:[^\\s/@]+)@)\
         |[?&;](?:key|sig|code|state|ticket|hash|nonce|k|t|s|h)=([A-Za-z0-9%+/_.~-]{{12,}})"
    ))
});

/// Tokens long enough that their mixture of letters and digits tells random ones from names.
static LONG: LazyLock<Regex> = LazyLock::new(|| pattern(r"[A-Za-z0-9_\-+/]{32,}={0,2}"));

/// The shortest token.
const TOKEN_CHARS: usize = 10;

/// Masks keys, tokens and passwords.
pub(super) fn mask(draft: &mut Draft<'_>) {
    let text = draft.normal.text();
    let has_token = text.split(' ').any(|word| word.len() >= TOKEN_CHARS);
    if !has_token && !text.contains(['=', ':', '：']) && !text.contains("%3") {
        return;
    }
    let vendors = VENDORS.captures_iter(text).filter_map(|found| found.get(1)).map(|found| found.range());
    let vendors: Vec<Range<usize>> = vendors.collect();
    draft.replace_all(vendors, SECRET_LABEL);
    let text = draft.normal.text();
    let named: Vec<Range<usize>> = NAMED
        .captures_iter(text)
        .filter_map(|found| found.iter().skip(1).flatten().next())
        .map(|found| found.range())
        .collect();
    draft.replace_all(named, SECRET_LABEL);
    let text = draft.normal.text();
    let long: Vec<Range<usize>> =
        LONG.find_iter(text).filter(|found| is_mixed(found.as_str())).map(|found| found.range()).collect();
    draft.replace_all(long, SECRET_LABEL);
}

/// Returns true for random characters: names of things mix them less.
fn is_mixed(token: &str) -> bool {
    let count = |is: fn(&u8) -> bool| token.bytes().filter(is).count();
    let (lower, upper) = (count(u8::is_ascii_lowercase), count(u8::is_ascii_uppercase));
    let is_hexadecimal = token.bytes().all(|byte| byte.is_ascii_hexdigit()) && (lower == 0 || upper == 0);
    let changes = token.as_bytes().windows(2).filter(|pair| kind(pair[0]) != kind(pair[1])).count();
    count(u8::is_ascii_digit) >= 3
        && !token.contains(['/'])
        && (is_hexadecimal || (lower >= 3 && upper >= 3 && changes * 4 >= token.len()))
}

fn kind(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    }
}
