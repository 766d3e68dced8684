"""The respondent's pages take a short way: no session, no sign-in, no cookie is read or set on /r/.

It is anonymity first (nothing on these requests can name a person) and speed second: the phone's
requests outnumber all others a thousand to one.
"""

from collections.abc import Callable

from csp.utils import build_policy
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils import translation


class PhonePathMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response
        # The policy is the same for every phone: built once, not at every request.
        self.policy = build_policy()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith("/r/"):
            return self.get_response(request)
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return self.get_response(request)
        request.resolver_match = match
        with translation.override("zh-hans"):
            response = match.func(request, *match.args, **match.kwargs)
        response.headers["Content-Security-Policy"] = self.policy
        return response
