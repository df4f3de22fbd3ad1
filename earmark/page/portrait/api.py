"""The JSON."""

from fastapi import APIRouter

router = APIRouter()
