"""People, the links that invite them, and the record of what they did."""

from .audit import AuditChain, AuditEntry, AuditRefused
from .invitation import Invitation, Purpose
from .user import Role, User

__all__ = ["AuditChain", "AuditEntry", "AuditRefused", "Invitation", "Purpose", "Role", "User"]
