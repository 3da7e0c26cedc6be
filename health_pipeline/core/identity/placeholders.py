"""What people and forms write where there is no name: a small grammar over the words of a name."""

from __future__ import annotations

import re

from health_pipeline.core.identity.legal_forms import EAST_ASIAN_FORMS


def _one_of(text: str) -> str:
    return f"(?:{'|'.join(word.replace('_', ' ') for word in text.split())})"


_NOBODY = _one_of("""
anonymous archived asdf+ blank cash default deleted duplicate empty fake freelance freelancer
generic guest home inactive individual internal invalid lead misc miscellaneous missing na nan nil
nobody null nvt object_object obsolete other others personal placeholder private
prospect qwerty removed retired sample self self_employed student tba tbc tbd temp temporary
testing unassigned undefined undisclosed unemployed unidentified unknown unnamed unspecified
various walk_in xxx+ (?:test|demo|dummy)(?:_?[0-9]+)?
unbekannte?r? entfallt privat privatperson sonstige sonstiges
inconnue? neant particulier prive autres? divers
desconocid[ao] otros? particular prueba sconosciut[ao] altr[io] privato prova
desconhecid[ao] outros? teste onbekend overige? okand ukjent ukendt nieznan[ya] osoba_prywatna
bilinmiyor yok неизвестн(?:о|ый|ая) тест частное_лицо
""")
"""Words that name nobody, in the languages of most customers."""

_WHAT = _one_of("""
accounts? business clients? company companies contacts? corporation customers? employer name
org organi[sz]ation person users? workspace
firma kunde konto nombre nom empresa cliente cuenta societe entreprise azienda bedrijf klant
""")
"""What should have been named."""

_WHOSE = _one_of("my our your the new old a some")

_NONE = _one_of("""
no none keine? geen aucune? ningun[ao]? nessun[ao]? nenhuma? ingen brak нет
""")
_NOT = _one_of("not non nicht ohne niet pas sans sin senza nao sem ikke inte nie bez не без")

_SAID = _one_of("""
answer applicable assigned available data defined details disclosed entered found given info
information known listed provided record relevant required response set specified stated supplied
used value yet_known
angabe angaben angegeben bekannt daten eintrag vorhanden zutreffend
renseignee? communiquee? precisee? disponible donnee objet
aplica aplicable especificad[ao] datos indicad[ao] informad[ao] disponivel aplicavel se_aplica
specificat[ao] disponibile applicabile noto bekend ingevuld opgegeven van_toepassing
angivet angiven oppgitt danych nazwy podano dotyczy данных указан[оа]? известн[оа]? применимо
""")
"""What is not: not specified, keine Angabe, sin datos."""

_DONE = _one_of("advised announced confirmed decided defined determined")
_DO_NOT = _one_of("call contact delete email touch use")
_FORM = _one_of(
    "ag bv gmbh inc kg limited llc llp ltd oy plc pty sarl srl the " + " ".join(EAST_ASIAN_FORMS)
)
"""Legal forms with nothing before them, which is where the rules of names leave them."""

_EAST_ASIAN = (
    _one_of(
        "未知 不明 不詳 不详 未定 未設定 未设置 未登録 未填写 无 無 没有 沒有 なし 無し 該当なし"
    )
    + "|"
    + _one_of("テスト 測試 测试 試験 個人 个人 その他 其他 其它 匿名 サンプル")
    + "|"
    + _one_of("없음 미정 미상 알수없음 알_수_없음 테스트 개인 기타")
)
_EAST_ASIAN_WHAT = _one_of("会社 公司 企業 企业 顧客 客户 客戶 账户 帳戶 アカウント 회사 고객 계정")

PLACEHOLDER = "|".join(
    (
        f"{_NOBODY}(?: {_WHAT})*",
        f"(?:{_WHOSE} )?(?:{_WHOSE}|{_WHAT})(?: {_WHAT}| team)*",
        f"{_NONE}(?: {_SAID})?(?: {_WHAT})*",
        f"{_NOT}(?: de| d)?(?: {_SAID}| {_WHAT})(?: {_WHAT})*",
        f"to be {_DONE}",
        f"do not {_DO_NOT}",
        _FORM,
        f"(?:{_EAST_ASIAN}) ?{_EAST_ASIAN_WHAT}?",
    )
)
"""A pattern of the whole of a name's words without legal forms; for `re` and for polars."""

_whole = re.compile(f"(?:{PLACEHOLDER})")


def is_nobody(words: str) -> bool:
    """Whether the words of a name, without legal forms, are a placeholder."""
    return _whole.fullmatch(words) is not None
