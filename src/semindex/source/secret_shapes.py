"""The shapes of tokens that services give out, by which secrets are told.

The prefixes, alphabets and lengths are facts of the rules of gitleaks (its ``config/gitleaks.toml`` at
b58d3f1, https://github.com/gitleaks/gitleaks), of those rules that need no word beside the token.
"""

TOKENS = (
    # Clouds and hosts.
    r"(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Z0-9])",
    r"ABSK[A-Za-z0-9+/]{109,269}",
    r"AIza[\w-]{35}",
    r"LTAI[A-Za-z0-9]{20}",
    r"do[opr]_v1_[a-f0-9]{64}",
    r"dapi[a-f0-9]{32}",
    r"HRKU-AA[\w-]{58}",
    r"f(?:o1|m1[ar]|m2)_[\w+/-]{43,}",
    r"pscale_(?:tkn|oauth|pw)_[\w=.-]{32,64}",
    r"(?:hvs|hvb)\.[\w-]{90,300}",
    r"[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,70}",
    r"pul-[a-f0-9]{40}",
    r"dp\.pt\.[A-Za-z0-9]{43}",
    r"dt0c01\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{64}",
    # Code and packages.
    r"gh[pousr]_[A-Za-z0-9]{36}",
    r"github_pat_\w{82}",
    r"gl(?:pat|dt|ft|soat|rt|imt|agent|oas|ptt|ffct)-[\w.-]{20,300}",
    r"glcbt-[A-Za-z0-9]{1,5}_[\w-]{20}",
    r"npm_[A-Za-z0-9]{36}",
    r"pypi-AgEIcHlwaS5vcmc[\w-]{50,1000}",
    r"rubygems_[a-f0-9]{48}",
    r"AKCp[A-Za-z0-9]{69}",
    r"cmVmd[A-Za-z0-9]{59}",
    r"sgp_(?:[a-f0-9]{16}_|local_)?[a-f0-9]{40}",
    r"PMAK-[a-f0-9]{24}-[a-f0-9]{34}",
    # Talk and work.
    r"xox[abeoprs]-[\w-]{10,200}",
    r"xapp-\d-[A-Z0-9]+-\d+-[a-z0-9]+",
    r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{43,56}",
    r"lin_api_[A-Za-z0-9]{40}",
    r"ntn_[0-9]{11}[A-Za-z0-9]{35}",
    r"sntryu_[a-f0-9]{64}",
    r"sntrys_eyJ[\w+/=]{40,400}",
    r"glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}",
    r"glc_[A-Za-z0-9+/]{32,400}",
    r"NRAK-[A-Z0-9]{27}",
    # Money and mail.
    r"[sr]k_(?:live|test|prod)_[A-Za-z0-9]{10,99}",
    r"sq0(?:atp|csp)-[\w-]{22,60}",
    r"shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}",
    r"SK[0-9a-f]{32}(?![0-9a-f])",
    r"SG\.[\w-]{16,32}\.[\w-]{16,64}",
    r"[a-f0-9]{32}-us\d\d?(?!\w)",
    r"xkeysib-[a-f0-9]{64}-[A-Za-z0-9]{16}",
    r"shippo_(?:live|test)_[a-f0-9]{40}",
    r"EZ[AT]K[A-Za-z0-9]{54}",
    r"duffel_(?:test|live)_[\w=-]{43}",
    # Models.
    r"sk-(?:proj|svcacct|admin)-[\w-]{50,200}",
    r"sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}",
    r"sk-ant-(?:api03|admin01)-[\w-]{80,120}",
    r"(?:hf_|api_org_)[A-Za-z]{34}(?![A-Za-z])",
    r"pplx-[A-Za-z0-9]{48}",
    # Keys and signed claims.
    r"AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}",
    r"ops_eyJ[A-Za-z0-9+/]{250,}={0,3}",
    r"A3-[A-Z0-9]{6}-[A-Z0-9]{6}-?[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}",
    r"ey[A-Za-z0-9]{17,}\.ey[\w/-]{17,}\.[\w/-]{10,}={0,2}",
)
LETTERS_ONLY = (b"hf_", b"api_org_")
"""How tokens begin that may have no digit; all others have one."""
LEAST_BITS = 3.0
"""Shannon entropy a character; what has less is a placeholder, as ``ghp_xxxx``. The rules have 2 to 4.5."""
FILE_NAMES = frozenset(
    """id_rsa id_dsa id_ecdsa id_ed25519 id_ecdsa_sk id_ed25519_sk .netrc _netrc .authinfo .pgpass pgpass.conf
    .my.cnf .mylogin.cnf .htpasswd .git-credentials .dockercfg .s3cfg .boto .vault-token .ftpconfig
    sftp-config.json rclone.conf credentials.tfrc.json application_default_credentials.json
    accesstokens.json master.key .pypirc""".split()
)
"""Files that exist to hold keys and passwords of programs: ssh, netrc, PostgreSQL, MySQL, git, Docker ..."""
FILE_PATHS = (
    ".aws/credentials",
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".gem/credentials",
    ".docker/config.json",
    ".kube/config",
    ".streamlit/secrets.toml",
)
