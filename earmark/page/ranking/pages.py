"""The HTML."""

from fastapi import APIRouter

router = APIRouter()
