"""The names of the months and their short forms, in the languages that exports come in."""

_NAMES = (
    "jan januar january janvier janv ene enero gen gennaio januari janeiro sty stycznia led ledna oca "
    "ocak tammi янв января",
    "feb februar february février févr fevr fev febrero febbraio februari fevereiro lut lutego úno února "
    "şub helmi фев февр февраля",
    "mar mär märz marz mrz march mars marzo maart mrt março marco marca bře března mart maalis мар марта",
    "apr april avril avr abr abril aprile kwi kwietnia dub dubna nis nisan huhti апр апреля",
    "may mai mayo mag maggio mei maio maj maja kvě května mayıs touko мая май",  # noqa: RUF001  # Turkish
    "jun juni june juin junio giu giugno junho cze czerwca čvn června haz haziran kesä июн июня",
    "jul juli july juillet juil julio lug luglio julho lip lipca čvc července tem temmuz heinä июл июля",
    "aug august août aout ago agosto augustus augusti sie sierpnia srp srpna ağu elo авг августа",
    "sep sept september septembre set settembre septiembre setembro wrz września zář září eyl eylül syys "
    "сен сент сентября",
    "oct oktober october octobre okt octubre ott ottobre outubro out paź października říj října eki ekim "
    "loka окт октября",
    "nov november novembre noviembre novembro lis listopada listopadu kas kasım marras ноя нояб ноября",  # noqa: RUF001  # Turkish
    "dec dez dezember december décembre déc decembre dic diciembre dicembre dezembro gru grudnia pro "
    "prosince ara aralık joulu дек декабря",  # noqa: RUF001  # Turkish
)
MONTHS = {name: number for number, names in enumerate(_NAMES, start=1) for name in names.split()}
