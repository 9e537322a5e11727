"""Why a call of the standard is refused. It knows three statuses: 404 for what does not exist, 403 for the key, 400 for
everything else (GeoReport v2, Errors)."""

from collections.abc import Sequence

from shared.refusals import Forbidden, NotFound, Refusal


class JurisdictionMissing(Refusal):
    type = "jurisdiction-missing"
    zh = "缺少 jurisdiction_id：本平台服务多个社区。"
    en = "jurisdiction_id was not provided: this endpoint serves several jurisdictions."


class JurisdictionUnknown(NotFound):
    type = "jurisdiction-unknown"
    zh = "没有这个 jurisdiction_id。"
    en = "The jurisdiction_id was not found."


class OtherJurisdiction(Forbidden):
    type = "other-jurisdiction"
    zh = "api_key 不属于此 jurisdiction_id。"
    en = "The api_key is not valid in this jurisdiction."


class ServiceMissing(Refusal):
    type = "service-code-missing"
    zh = "缺少 service_code。"
    en = "service_code was not provided."


class ServiceUnknown(NotFound):
    type = "service-code-unknown"
    zh = "没有这个 service_code。"
    en = "The service_code was not found."


class ServiceRequestUnknown(NotFound):
    type = "service-request-unknown"
    zh = "没有这个 service_request_id。"
    en = "The service_request_id was not found."


class TokenUnknown(NotFound):
    type = "token-unknown"
    zh = "没有这个 token。"
    en = "The token was not found."


class UnknownFormat(Refusal):
    type = "unknown-format"
    zh = "格式须为 xml 或 json。"
    en = "The format has to be xml or json."


class WrongDate(Refusal):
    type = "wrong-date"
    zh = "时间须为带时区的 W3C 格式，例如 2026-01-01T00:00:00Z。"
    en = "Dates have to be in W3C format with a time zone, such as 2026-01-01T00:00:00Z."


class DatesReversed(Refusal):
    type = "dates-reversed"
    zh = "start_date 晚于 end_date。"
    en = "start_date is after end_date."


class SpanTooLong(Refusal):
    """Params: `days`."""

    type = "span-too-long"
    zh = "时间范围不得超过 {days} 天。"
    en = "The range may not span more than {days} days."


class UnknownStatus(Refusal):
    type = "unknown-status"
    zh = "status 须为 open 或 closed。"
    en = "status has to be open or closed."


class WrongPage(Refusal):
    """Params: `most`."""

    type = "wrong-page"
    zh = "page 从 1 开始，page_size 为 1 至 {most}。"
    en = "page counts from 1, page_size is 1 to {most}."


class NotAForm(Refusal):
    type = "not-a-form"
    zh = "请求正文须为 UTF-8 编码的 application/x-www-form-urlencoded。"
    en = "The body has to be application/x-www-form-urlencoded in UTF-8."


class LocationMissing(Refusal):
    type = "location-missing"
    zh = "请提供位置：lat 与 long、address_string 或 address_id 之一。"
    en = "A location is needed: lat and long, address_string, or address_id."


class WrongCoordinates(Refusal):
    type = "wrong-coordinates"
    zh = "lat 与 long 须同时提供，为 WGS84 坐标：-90 至 90，-180 至 180。"
    en = "lat and long are needed both, in WGS84: -90 to 90 and -180 to 180."


class AddressUnknown(Refusal):
    type = "address-id-unknown"
    zh = "没有这个 address_id，请改用 address_string。"
    en = "There is no such address_id; give an address_string."


class WrongField(Refusal):
    """Params: `name`, a field of the standard, `most` characters."""

    type = "wrong-field"
    zh = "{name} 不正确：不超过 {most} 个字符，不含控制字符。"
    en = "{name} is wrong: at most {most} characters, no control characters."


class WrongMediaUrl(Refusal):
    type = "wrong-media-url"
    zh = "media_url 须为 http 或 https 地址。"
    en = "media_url has to be an http or https address."


class AttributeUnknown(Refusal):
    type = "attribute-unknown"
    zh = "有属性不在此服务的定义中。"
    en = "An attribute is not in the definition of this service."


class AttributeMissing(Refusal):
    """Params: `code`, of our own definition."""

    type = "attribute-missing"
    zh = "缺少必填属性 {code}。"
    en = "The required attribute {code} is missing."


class AttributeWrong(Refusal):
    """Params: `code`, of our own definition, `datatype`."""

    type = "attribute-wrong"
    zh = "属性 {code} 的值不正确，类型为 {datatype}。"
    en = "The value of attribute {code} is wrong; its datatype is {datatype}."


class WhoIsMissing(Refusal):
    type = "who-is-missing"
    zh = "本社区不受理匿名诉求：请提供姓名、电话、邮箱或 account_id。"
    en = "This community takes no anonymous requests: give a name, a phone, an e-mail or an account_id."


class SeveralThings(Refusal):
    """More than one thing is wrong; the standard's answer names them all."""

    type = "several-things"
    zh = "请求中有多处不正确。"
    en = "Several things in the request are wrong."

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__()
        self.refusals = tuple(refusals)
